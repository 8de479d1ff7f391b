// Stops a worker's process in its tracks (SIGSTOP), as a machine that swaps or a suspended container does: its sockets
// stay open, the kernel still accepts for it, and nothing of it runs until SIGCONT.

import { readFileSync } from "node:fs";
import { platform } from "node:os";
import { integerOption } from "@brood/core/options";
import { type FaultTarget, signal, type Victim, victimIn } from "./target.ts";

export interface Freeze extends Victim {
  /** Resolves when the worker runs again, or has ended. */
  readonly ended: Promise<void>;
  /** Lets it run again now. */
  thaw(): void;
}

const FOR_MS_MAX = 600_000;
/** A signal to a running process takes effect within a tick of the kernel. */
const STOP_DEADLINE_MS = 5_000;

/** Resolves when the process stands still. */
export async function freezeWorker(target: FaultTarget, slot: number, forMs: number): Promise<Freeze> {
  const durationMs = integerOption("forMs", forMs, 1, FOR_MS_MAX, 1);
  const victim = victimIn(target, slot);
  let settle = (): void => {};
  const ended = new Promise<void>((resolve) => {
    settle = resolve;
  });
  let isOver = false;
  const end = (isAlive: boolean): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    target.off("worker:exited", exited);
    process.off("exit", thaw);
    if (isAlive) signal(victim.pid, "SIGCONT");
    settle();
  };
  const thaw = (): void => end(true);
  const exited = ({ worker }: { readonly worker: string }): void => {
    if (worker === victim.worker) end(false);
  };
  const timer = setTimeout(thaw, durationMs);
  target.on("worker:exited", exited);
  // A process that stands still cannot notice that its supervisor is gone.
  process.on("exit", thaw);

  try {
    signal(victim.pid, "SIGSTOP");
    await standsStill(victim.pid, () => isOver);
  } catch (error) {
    thaw();
    throw error;
  }
  return { ...victim, ended, thaw };
}

async function standsStill(pid: number, isOver: () => boolean): Promise<void> {
  if (platform() !== "linux") return;
  const untilMs = performance.now() + STOP_DEADLINE_MS;
  while (!isOver() && stateOf(pid) !== "T") {
    if (performance.now() > untilMs) throw new Error(`pid=${pid} runs ${STOP_DEADLINE_MS} ms after SIGSTOP`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** One letter, as in ps; T: stopped, null: gone. */
function stateOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).charAt(0);
  } catch {
    return null;
  }
}
