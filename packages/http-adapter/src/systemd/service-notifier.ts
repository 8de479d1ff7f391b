// Keeps the service manager up to date about a server: READY when it serves, RELOADING during a roll, STOPPING, STATUS
// whenever it changes, and the watchdog's beat. The beat comes from this very event loop: when it hangs, systemd learns.

import { detached, ignored } from "@brood/core/callbacks";
import type { Server } from "../server.ts";
import type { Fields, Notify } from "./notify-socket.ts";

/** sd_watchdog_enabled(3): beat twice as often as asked. Null when it is not asked of this process. */
export function watchdogIntervalMs(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | null {
  const usec = env["WATCHDOG_USEC"] ?? "";
  const wanted = env["WATCHDOG_PID"];
  if (!/^\d{1,15}$/.test(usec) || Number(usec) === 0) return null;
  if (wanted !== undefined && wanted !== String(pid)) return null;
  return Math.max(1, Math.floor(Number(usec) / 2_000));
}

/** From the moment when the server is ready until it has stopped. */
export function notifyOf(server: Server, notify: Notify, intervalMs: number | null): void {
  let shown = "";
  let isStopping = false;
  const tell = (fields: Fields): void => {
    shown = statusOf(server);
    notify({ ...fields, STATUS: shown });
  };
  const refresh = (): void => {
    if (statusOf(server) !== shown) tell({});
  };
  tell({ READY: 1 });
  server.on("roll:started", () => {
    if (!isStopping) tell({ RELOADING: 1, MONOTONIC_USEC: monotonicUsec() });
  });
  server.on("roll:ended", () => {
    if (!isStopping) tell({ READY: 1 });
  });
  for (const name of ["worker:ready", "worker:draining", "worker:exited", "roll:progress"] as const) {
    server.on(name, refresh);
  }
  // A ref'd timer would keep a server alive that has nothing else to do.
  const beat =
    intervalMs === null ? undefined : setInterval(() => notify({ WATCHDOG: 1 }), intervalMs).unref();
  const stopping = server.stopping.then(() => {
    isStopping = true;
    tell({ STOPPING: 1 });
  });
  detached(stopping, ignored);
  detached(
    server.stopped.then(() => clearInterval(beat)),
    ignored,
  );
}

/** One line, as `systemctl status` shows it. */
function statusOf(server: Pick<Server, "stats">): string {
  const { state, ready, desired, generation, roll, lastRoll } = server.stats();
  const workers = `${ready} of ${desired} workers ready`;
  if (state === "failed") return "failed: a defect of Brood, all workers were stopped";
  if (state === "stopping" || state === "stopped") return `stopping, ${ready} workers left`;
  if (roll !== null) return `restarting: ${roll.replaced} of ${roll.total} replaced, generation ${roll.to}`;
  const failed = lastRoll?.result === "failed" ? `, restart to generation ${lastRoll.to} failed` : "";
  return `${workers}, generation ${generation}${failed}`;
}

/** systemd compares it with its own clock, CLOCK_MONOTONIC in microseconds, which is what hrtime reads. */
function monotonicUsec(): string {
  return String(process.hrtime.bigint() / 1_000n);
}
