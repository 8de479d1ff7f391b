// Capacity holds: the lowest number of ready workers that there ever was while somebody looked. Counted from events and
// never from polling, so that no dip is too short to be seen.

import type { ServiceEvents, WorkerId } from "@brood/core";
import type { FaultTarget } from "../inject/target.ts";
import { counted, type Verdict } from "./verdict.ts";

/** One change of the number of ready workers. */
export interface CapacityChange {
  /** Since recording began. */
  readonly afterMs: number;
  readonly ready: number;
  /** `worker=w2 slot=1 gen=1 exited signal=SIGKILL reason=BROOD_WORKER_EXITED` */
  readonly cause: string;
}

/** Records until it is closed; a server that is gone changes nothing any more. */
export interface CapacityRecorder extends Disposable {
  /** Ready workers now. */
  readonly ready: number;
  readonly lowest: number;
  /** Workers wanted when recording began. */
  readonly desired: number;
  /** The last 1,000. */
  readonly changes: readonly CapacityChange[];
  close(): void;
}

const CHANGES_MAX = 1_000;

type Listened = "worker:ready" | "worker:draining" | "worker:exited";

/** Begins to record. */
export function capacityOf(target: FaultTarget): CapacityRecorder {
  const startedAtMs = performance.now();
  const stats = target.stats();
  const ready = new Set<WorkerId>(
    stats.workers.filter(({ state }) => state === "ready").map(({ worker }) => worker),
  );
  const changes: CapacityChange[] = [];
  let lowest = ready.size;

  const changed = (
    who: { readonly worker: WorkerId; readonly slot: number; readonly generation: number },
    how: string,
  ) => {
    lowest = Math.min(lowest, ready.size);
    const afterMs = performance.now() - startedAtMs;
    const cause = `worker=${who.worker} slot=${who.slot} gen=${who.generation} ${how}`;
    changes.push(Object.freeze({ afterMs, ready: ready.size, cause }));
    if (changes.length > CHANGES_MAX) changes.shift();
  };
  const listeners: Pick<ServiceEvents, Listened> = {
    "worker:ready": (event) => {
      ready.add(event.worker);
      changed(event, "became ready");
    },
    "worker:draining": (event) => {
      if (ready.delete(event.worker)) changed(event, "began to drain");
    },
    "worker:exited": (event) => {
      const { exitCode, signal, reason } = event;
      const how = signal === null ? `exitCode=${exitCode}` : `signal=${signal}`;
      if (ready.delete(event.worker)) changed(event, `exited ${how} reason=${reason?.code ?? "none"}`);
    },
  };
  target.on("worker:ready", listeners["worker:ready"]);
  target.on("worker:draining", listeners["worker:draining"]);
  target.on("worker:exited", listeners["worker:exited"]);
  const close = (): void => {
    target.off("worker:ready", listeners["worker:ready"]);
    target.off("worker:draining", listeners["worker:draining"]);
    target.off("worker:exited", listeners["worker:exited"]);
  };
  return {
    get ready() {
      return ready.size;
    },
    get lowest() {
      return lowest;
    },
    desired: stats.desired,
    changes,
    close,
    [Symbol.dispose]: close,
  };
}

/** @param atLeast  ready workers that there must always have been; default the number wanted when recording began. */
export function judgeCapacity(recorder: CapacityRecorder, atLeast: number = recorder.desired): Verdict {
  const wanted = `expected at least ${counted(atLeast, "ready worker")} all the time`;
  if (recorder.lowest >= atLeast)
    return { pass: true, message: `${wanted}, and saw ${recorder.lowest} or more` };
  const below = recorder.changes.filter(({ ready }) => ready < atLeast);
  const lines = below
    .slice(0, 5)
    .map(({ afterMs, ready, cause }) => `  ${Math.round(afterMs)} ms: ${ready} ready, ${cause}`);
  const seen = `${wanted}, but there were only ${recorder.lowest}. Below it ${counted(below.length, "time")}:`;
  const lookAt = "Look at maxUnavailable (0 keeps all of them), and at reason where a worker ended unasked.";
  return { pass: false, message: [seen, ...lines, lookAt].join("\n") };
}
