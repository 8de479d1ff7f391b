// What the injector needs of whatever it strikes: a server, a service, a test server. And how it finds a slot's worker.

import type { ServiceEvents, ServiceStats, TaskRuntime, WorkerId, WorkerStats } from "@brood/core";
import { badOption } from "@brood/core";
import type { BootOrders } from "./boot-orders.ts";

/** A `Server`, a `Service`, a `TestServer`, or a task pool of processes. */
export interface FaultTarget {
  stats(): Pick<ServiceStats, "workers" | "desired" | "spawn" | "template"> & {
    readonly runtime: ServiceStats["runtime"] | TaskRuntime;
  };
  on<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): unknown;
  off<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): unknown;
  /** Of a test server. */
  readonly boots?: BootOrders;
}

/** A worker with a process that a signal can reach. */
export interface Victim {
  readonly slot: number;
  readonly worker: WorkerId;
  readonly generation: number;
  readonly pid: number;
}

/** Of two workers in one slot the one that serves is meant, not the one that is to replace it. */
const BY_SERVICE: readonly WorkerStats["state"][] = ["ready", "draining", "booting", "spawning", "killing"];

/** The worker that serves in this slot. @throws PoolError BROOD_BAD_OPTION when no process sits there. */
export function victimIn(target: FaultTarget, slot: number): Victim {
  const { runtime } = target.stats();
  if (runtime === "thread" || runtime === "worker_threads")
    throw badOption("runtime", runtime, "processes: a signal would hit this whole process, not one thread");
  const running = target
    .stats()
    .workers.flatMap(({ pid, ...rest }) => (pid === null ? [] : [{ pid, ...rest }]));
  const [found] = running
    .filter((each) => each.slot === slot)
    .sort((a, b) => BY_SERVICE.indexOf(a.state) - BY_SERVICE.indexOf(b.state));
  if (found !== undefined) {
    const { worker, requestedGeneration: generation, pid } = found;
    return { slot, worker, generation, pid };
  }
  const slots = [...new Set(running.map((each) => each.slot))].sort((a, b) => a - b);
  const accepted =
    slots.length === 0 ? "a slot with a running worker; none runs" : `one of ${slots.join(", ")}`;
  throw badOption("slot", slot, accepted);
}

/** Sends a signal; false when the process has gone. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}

export interface Watch {
  /** Rejects at the deadline. */
  readonly happened: Promise<void>;
  cancel(): void;
}

/** Waits for one of these events about one worker. */
export function watch(
  target: FaultTarget,
  victim: Victim,
  names: readonly ("worker:draining" | "worker:exited")[],
  deadlineMs: number,
): Watch {
  let cancel = (): void => {};
  const happened = new Promise<void>((resolve, reject) => {
    const listener = (event: { readonly worker: WorkerId }): void => {
      if (event.worker === victim.worker) {
        cancel();
        resolve();
      }
    };
    const timer = setTimeout(() => {
      cancel();
      const who = `worker=${victim.worker} slot=${victim.slot} pid=${victim.pid}`;
      reject(new Error(`${who}: no ${names.join(" or ")} within ${deadlineMs} ms after it was struck`));
    }, deadlineMs);
    cancel = () => {
      clearTimeout(timer);
      for (const name of names) target.off(name, listener);
    };
    for (const name of names) target.on(name, listener);
  });
  return { happened, cancel };
}
