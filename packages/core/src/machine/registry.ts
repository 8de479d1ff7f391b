// The generation-tagged registry: which worker sits where, what it was asked to be and what it says it is.
// Requested and reported generation are kept apart; only a worker whose own report matched can be promoted.
// Rule: seats change only through the methods here, so that the counts below are right after each of them and no
// decision has to scan (cost per event stays flat from 10 slots to 10,000).

import type { Answers } from "./answers.ts";
import type { MachineConfig } from "./config.ts";
import type {
  FailureReason,
  Generation,
  Milliseconds,
  Release,
  SlotIndex,
  TemplateId,
  Usage,
  WorkerId,
  WorkerRole,
  WorkerState,
} from "./names.ts";
import { WorkerTable } from "./worker-table.ts";

export interface Worker {
  readonly id: WorkerId;
  /** The number in its id. */
  readonly serial: number;
  /** In the table of workers: the next one in the same place. */
  next: Worker | null;
  readonly slot: SlotIndex;
  /** Requested. */
  readonly generation: Generation;
  readonly release: Release;
  /** The settings of its generation: it lives by them to its end. */
  readonly config: MachineConfig;
  /** Forked from this one; null: fresh. */
  readonly template: TemplateId | null;
  readonly spawnedAtMs: Milliseconds;
  role: WorkerRole;
  state: WorkerState;
  /** Its own word; null until it has reported. */
  reportedGeneration: Generation | null;
  /** It found other files than its generation pinned. */
  releaseChanged: boolean;
  pid: number | null;
  readyAtMs: Milliseconds | null;
  /** Infinity while no deadline ends the state. */
  stateDeadlineAtMs: Milliseconds;
  /** When that deadline was set, however often it was put off since. */
  deadlineSetAtMs: Milliseconds;
  /** The deadline passed while the supervisor stood still, and was put off for a last look. */
  isSpared: boolean;
  lastHeartbeatAtMs: Milliseconds;
  /** Null until anything was noted in it; most workers never fall silent. */
  silence: Silence | null;
  usage: Usage;
  /** With canary analysis: what it has answered so far. */
  answers: Answers | null;
  /** Heartbeats in a row that told of an event loop slower than allowed. */
  slowBeats: number;
  /** Recycle after so many requests; null without a limit. */
  requestsLimit: number | null;
  /** Recycle from then on; null without a limit of age. */
  recycleAtMs: Milliseconds | null;
  /** Connections that it passed on while it drained. */
  moved: number;
  /** Why it must end, or what it confessed; null while nothing is wrong. */
  fault: FailureReason | null;
}

/** What is known of a worker that did not beat in time. Negative infinity: never. */
export interface Silence {
  /** When it was last found at work on a task that does not let it speak. */
  busyAtMs: Milliseconds;
  /** When it was first found stopped in the middle of a task, with no sign of life since. */
  suspendedAtMs: Milliseconds;
  /** When it was last found too long. */
  suspectedAtMs: Milliseconds;
  /** When the worker was last asked what it is doing. */
  examinedAtMs: Milliseconds;
}

export interface Slot {
  readonly index: SlotIndex;
  /** Always `ready`. */
  current: Worker | null;
  /** `spawning`, `held`, `waiting`, `booting`, or a canary that is `ready` and being watched. */
  incoming: Worker | null;
  /** Failures in a row. */
  failures: number;
  /** Not filled before then; null when nothing holds it back. */
  backingOffUntilAtMs: Milliseconds | null;
}

export class Registry {
  readonly slots: Map<SlotIndex, Slot> = new Map();
  readonly workers: WorkerTable = new WorkerTable();
  readonly #aliveOf: Map<Generation, number> = new Map();
  readonly #currentOf: Map<Generation, number> = new Map();
  /** Slots with a current worker. */
  currents = 0;
  /** Slots with a current and an incoming worker. */
  surging = 0;
  /** Workers off their seats, without those that linger. */
  leaving = 0;
  /** Workers `spawning`, `held` or `booting`. */
  booting = 0;

  aliveOf(generation: Generation): number {
    return this.#aliveOf.get(generation) ?? 0;
  }

  currentOf(generation: Generation): number {
    return this.#currentOf.get(generation) ?? 0;
  }

  /** Seats a new worker as the slot's incoming one. */
  seat(slot: Slot, worker: Worker): void {
    this.workers.add(worker);
    count(this.#aliveOf, worker.generation, 1);
    this.booting += 1;
    slot.incoming = worker;
    if (slot.current !== null) this.surging += 1;
  }

  /** The incoming worker becomes current. Returns the one it replaced, which is then leaving. */
  promote(slot: Slot): Worker | null {
    const incoming = slot.incoming;
    const replaced = slot.current;
    if (incoming === null) return null;
    if (replaced !== null) this.leave(replaced);
    slot.incoming = null;
    slot.current = incoming;
    incoming.role = "current";
    this.currents += 1;
    count(this.#currentOf, incoming.generation, 1);
    return replaced;
  }

  /** Takes a worker off its seat; it is alive but nothing more is expected of it. */
  leave(worker: Worker): void {
    const slot = this.slots.get(worker.slot);
    if (worker.role === "leaving") return;
    this.leaving += 1;
    if (slot !== undefined && slot.current === worker) {
      slot.current = null;
      this.currents -= 1;
      count(this.#currentOf, worker.generation, -1);
      if (slot.incoming !== null) this.surging -= 1;
    } else if (slot !== undefined && slot.incoming === worker) {
      slot.incoming = null;
      if (slot.current !== null) this.surging -= 1;
    }
    worker.role = "leaving";
  }

  /** Writes the state; the caller has asked the lifecycle table. */
  enter(worker: Worker, state: WorkerState): void {
    this.booting += Number(isBooting(state)) - Number(isBooting(worker.state));
    this.leaving += Number(worker.state === "lingering") - Number(state === "lingering");
    worker.state = state;
  }

  /** Forgets a worker that has exited. From then on the stale gate drops whatever still arrives about it. */
  forget(worker: Worker): void {
    this.leave(worker);
    this.leaving -= 1;
    this.workers.delete(worker);
    count(this.#aliveOf, worker.generation, -1);
  }
}

/** Has it work to do before it can be ready? Then it has one of the `bootConcurrency` permits. */
export function isBooting(state: WorkerState): boolean {
  return state === "spawning" || state === "held" || state === "booting";
}

function count(counts: Map<Generation, number>, generation: Generation, change: number): void {
  const next = (counts.get(generation) ?? 0) + change;
  if (next === 0) counts.delete(generation);
  else counts.set(generation, next);
}
