// Where workers' records come from: the one of a worker that has exited becomes the next one's. A record lives as long as
// its worker, so with 10,000 slots each new one would survive the young generation, be copied twice and then be
// collected from the old one: a fifth of all time. Rule: nothing keeps a worker's record from one turn to the next but the
// registry (others keep ids), and a record changes hands only between turns.

import type { Generation, Milliseconds, Release, SlotIndex, TemplateId, WorkerId } from "./names.ts";
import { NO_USAGE } from "./names.ts";
import type { Worker } from "./registry.ts";

/** Who a new worker is to be. */
export interface WorkerOrder {
  readonly id: WorkerId;
  readonly serial: number;
  readonly slot: SlotIndex;
  readonly generation: Generation;
  readonly release: Release;
  readonly template: TemplateId | null;
  readonly spawnedAtMs: Milliseconds;
}

/** Only here may anybody become somebody else. */
type WorkerRecord = { -readonly [Field in keyof Worker]: Worker[Field] };

export class WorkerRecords {
  readonly #spare: Worker[] = [];
  /** Of this turn. */
  readonly #exited: Worker[] = [];

  /** A new worker. */
  take(order: WorkerOrder): Worker {
    const record = this.#spare.pop();
    if (record === undefined) return newRecord(order);
    rewrite(record, order);
    return record;
  }

  /** It has exited; who handles that may go on reading it until the turn is over. */
  giveBack(worker: Worker): void {
    this.#exited.push(worker);
  }

  beginTurn(): void {
    for (let worker = this.#exited.pop(); worker !== undefined; worker = this.#exited.pop())
      this.#spare.push(worker);
  }
}

function newRecord(order: WorkerOrder): Worker {
  return {
    id: order.id,
    serial: order.serial,
    next: null,
    slot: order.slot,
    generation: order.generation,
    release: order.release,
    template: order.template,
    spawnedAtMs: order.spawnedAtMs,
    role: "incoming",
    state: "spawning",
    reportedGeneration: null,
    releaseChanged: false,
    pid: null,
    readyAtMs: null,
    stateDeadlineAtMs: Number.POSITIVE_INFINITY,
    lastHeartbeatAtMs: order.spawnedAtMs,
    silence: null,
    usage: NO_USAGE,
    answers: null,
    slowBeats: 0,
    requestsLimit: Number.POSITIVE_INFINITY,
    recycleAtMs: Number.POSITIVE_INFINITY,
    fault: null,
  };
}

/** The same for a record that was another worker's. */
function rewrite(record: WorkerRecord, order: WorkerOrder): void {
  record.id = order.id;
  record.serial = order.serial;
  record.next = null;
  record.slot = order.slot;
  record.generation = order.generation;
  record.release = order.release;
  record.template = order.template;
  record.spawnedAtMs = order.spawnedAtMs;
  record.role = "incoming";
  record.state = "spawning";
  record.reportedGeneration = null;
  record.releaseChanged = false;
  record.pid = null;
  record.readyAtMs = null;
  record.stateDeadlineAtMs = Number.POSITIVE_INFINITY;
  record.lastHeartbeatAtMs = order.spawnedAtMs;
  record.silence = null;
  record.usage = NO_USAGE;
  record.answers = null;
  record.slowBeats = 0;
  record.requestsLimit = Number.POSITIVE_INFINITY;
  record.recycleAtMs = Number.POSITIVE_INFINITY;
  record.fault = null;
}
