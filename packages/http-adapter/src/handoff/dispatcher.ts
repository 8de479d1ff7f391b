// Where accepted connections go. Pure: connections and workers are names, time is a value.
// A connection is in exactly one place: held here, sent to one worker and not taken yet, or settled (taken, or refused).
// A worker takes a connection before it reads from it; so when it dies, what it had not taken has lost nothing and goes
// to another one, at the head of the queue (E47, 64). What it had taken dies with it.
// Nothing grows without bound: a worker has room for WINDOW connections that it has not taken, and while workers are
// ready only `maxHeld` are accepted beyond that; the rest waits in the kernel. While nobody is ready connections are
// accepted all the same, to be refused in words when `maxHeld` or `holdTimeoutMs` is passed.
// A kept connection that a draining worker passes on goes to the newest generation among the ready: that is what a restart
// is for. A worker that cannot open what it was sent refuses; all that it has not taken goes to others, or back to its owner.

import { type Balance, type Candidate, createPicker, type Picker } from "./balance.ts";
import type { SlotIndex, WorkerId } from "./names.ts";

/** Given out by whoever accepts; never reused while it is in here. */
export type ConnectionId = number;

/** On their way to one worker at the most: enough for a burst within one turn of its loop. */
export const WINDOW = 128;

/** A worker that has taken nothing for so long stands still: the others get what comes, as long as they have room. Longer
 *  than a pause of the garbage collector, shorter than a client's patience. */
export const STALLED_MS = 200;

/** Accepted at once while nobody is ready. */
const OVERFLOW = 64;

export interface DispatcherOptions {
  readonly balance: Balance;
  readonly maxHeld: number;
  readonly holdTimeoutMs: number;
  /** Nobody tells what has been taken: it is to be looked at so often while something is on its way. Null: workers tell. */
  readonly lookEveryMs: number | null;
}

/** Only the first of a full worker's refusals is news: for so long it gets nothing more. Descriptors come back as connections
 *  end. */
export const FULL_MS = 500;

/** The kernel refused to pass on what was meant for a worker: descriptors or memory are used up, here or on their way. It is tried
 *  again after so long. */
export const UNSENT_MS = 50;

export interface Dispatched {
  readonly sent: ReadonlyMap<WorkerId, readonly ConnectionId[]>;
  /** To be answered 503. */
  readonly refused: readonly ConnectionId[];
  /** Passed on by a draining worker, which has to keep them: everyone who could take them is full. */
  readonly returned: readonly ConnectionId[];
}

interface Held {
  readonly id: ConnectionId;
  readonly key: string | null;
  /** By a draining worker, not by the kernel. */
  readonly isMoved: boolean;
  readonly acceptedAtMs: number;
  sentAtMs: number;
}

interface Target extends Candidate {
  readonly generation: number;
  /** It had no descriptor left, or nothing could be sent to it: it gets nothing before then. */
  fullUntilMs: number;
  /** In the order in which they were sent. */
  readonly untaken: Held[];
  sent: number;
  taken: number;
  closed: number;
  /** Connections that it accepted itself. */
  own: number;
  load: number;
  hasRoom: boolean;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #picker: Picker;
  readonly #targets: Map<WorkerId, Target> = new Map();
  /** The ready ones, in the order in which they became so. */
  #ready: Target[] = [];
  /** Those of the newest generation among them. */
  #newest: Target[] = [];
  #held: Held[] = [];
  #dispatchedAtMs = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#picker = createPicker(options.balance);
  }

  get held(): number {
    return this.#held.length;
  }

  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  /** How many more may be accepted now. */
  get room(): number {
    if (this.#ready.length === 0) return OVERFLOW;
    const free = this.#ready.reduce(
      (sum, { untaken, hasRoom }) => sum + (hasRoom ? WINDOW - untaken.length : 0),
      0,
    );
    return Math.max(0, free + this.#options.maxHeld - this.#held.length);
  }

  accepted(id: ConnectionId, key: string | null, atMs: number): void {
    this.#held.push({ id, key, isMoved: false, acceptedAtMs: atMs, sentAtMs: atMs });
  }

  /** A draining worker passes it on. */
  moved(id: ConnectionId, key: string | null, atMs: number): void {
    this.#held.push({ id, key, isMoved: true, acceptedAtMs: atMs, sentAtMs: atMs });
  }

  ready(id: WorkerId, slot: SlotIndex, generation = 0): void {
    const numbers = { untaken: [], sent: 0, taken: 0, closed: 0, own: 0, load: 0 };
    const fullUntilMs = Number.NEGATIVE_INFINITY;
    const target: Target = { id, slot, generation, fullUntilMs, ...numbers, hasRoom: true };
    this.#targets.set(id, target);
    this.#setReady([...this.#ready, target]);
  }

  /** It gets nothing more; what is on its way to it may still be taken. */
  draining(id: WorkerId): void {
    this.#setReady(this.#ready.filter((target) => target.id !== id));
  }

  /** As before `draining`: its server had been closed only. */
  resumed(id: WorkerId): void {
    const target = this.#targets.get(id);
    if (target !== undefined && !this.#ready.includes(target)) this.#setReady([...this.#ready, target]);
  }

  /** It has no descriptor left, and has taken nothing since its last totals. @returns how many connections go elsewhere. */
  full(id: WorkerId, atMs: number): number {
    const target = this.#targets.get(id);
    if (target === undefined) return 0;
    target.fullUntilMs = atMs + FULL_MS;
    const untaken = target.untaken.splice(0);
    target.sent -= untaken.length;
    this.#held.unshift(...untaken);
    return untaken.length;
  }

  /** The last `count` that it was to get could not be sent: they are held again, for whoever can be sent something. */
  unsent(id: WorkerId, count: number, atMs: number): void {
    const target = this.#targets.get(id);
    if (target === undefined || count === 0) return;
    target.fullUntilMs = Math.max(target.fullUntilMs, atMs + UNSENT_MS);
    const back = target.untaken.splice(-count);
    target.sent -= back.length;
    this.#held.unshift(...back);
  }

  /** What it had not taken is held again, before everything else. @returns how many those are. */
  exited(id: WorkerId): number {
    this.draining(id);
    const untaken = this.#targets.get(id)?.untaken ?? [];
    this.#targets.delete(id);
    this.#held.unshift(...untaken);
    return untaken.length;
  }

  /** A worker's totals; `own` are connections that it did not get from here. @returns what it has taken since the last ones:
   *  the supervisor's copies can go. */
  counted(id: WorkerId, taken: number, closed: number, own = 0): readonly ConnectionId[] {
    const target = this.#targets.get(id);
    if (target === undefined) return [];
    const count = Math.min(Math.max(0, taken - target.taken), target.untaken.length);
    const settled = target.untaken.splice(0, count);
    target.taken += count;
    target.own = Math.max(target.own, own);
    target.closed = Math.max(target.closed, Math.min(closed, target.taken + target.own));
    target.load = loadOf(target);
    return settled.map((each) => each.id);
  }

  /** Sends what can be sent, refuses what has waited for too long or is too much. */
  dispatch(atMs: number): Dispatched {
    const { holdTimeoutMs, maxHeld } = this.#options;
    this.#dispatchedAtMs = atMs;
    const sent = new Map<WorkerId, ConnectionId[]>();
    const refused: ConnectionId[] = [];
    const returned: ConnectionId[] = [];
    const waiting: Held[] = [];
    for (const target of this.#ready) weigh(target, atMs);
    for (const held of this.#held) {
      const candidates = held.isMoved ? this.#newest : this.#ready;
      const target = this.#picker.pick(candidates, held.key);
      if (target !== null) {
        held.sentAtMs = atMs;
        target.untaken.push(held);
        target.sent += 1;
        weigh(target, atMs);
        const batch = sent.get(target.id);
        if (batch === undefined) sent.set(target.id, [held.id]);
        else batch.push(held.id);
      } else if (held.isMoved && candidates.some(({ fullUntilMs }) => fullUntilMs > atMs)) {
        returned.push(held.id);
      } else if (held.acceptedAtMs + holdTimeoutMs <= atMs || waiting.length >= maxHeld) {
        refused.push(held.id);
      } else {
        waiting.push(held);
      }
    }
    this.#held = waiting;
    return { sent, refused, returned };
  }

  /** When `dispatch` is wanted next though nothing happens, or null. */
  nextDeadlineAtMs(): number | null {
    // Those that came back from a dead worker stand first, and were accepted first.
    const [first] = this.#held;
    const refusalAtMs =
      first === undefined
        ? null
        : Math.min(first.acceptedAtMs + this.#options.holdTimeoutMs, this.#roomAgainAtMs());
    const { lookEveryMs } = this.#options;
    if (lookEveryMs === null || !this.#isOnItsWay()) return refusalAtMs;
    const lookAtMs = this.#dispatchedAtMs + lookEveryMs;
    return refusalAtMs === null ? lookAtMs : Math.min(refusalAtMs, lookAtMs);
  }

  /** When a full worker is tried again; those that stand still tell by their counters. */
  #roomAgainAtMs(): number {
    return Math.min(
      ...this.#ready.map(({ fullUntilMs }) => (fullUntilMs > this.#dispatchedAtMs ? fullUntilMs : Infinity)),
    );
  }

  #setReady(targets: Target[]): void {
    const newest = Math.max(...targets.map(({ generation }) => generation));
    this.#ready = targets;
    this.#newest = targets.filter(({ generation }) => generation === newest);
  }

  /** Draining workers count: they may still take. */
  #isOnItsWay(): boolean {
    for (const { untaken } of this.#targets.values()) if (untaken.length > 0) return true;
    return false;
  }

  /** Everything that is held, when the server stops. */
  giveUp(): readonly ConnectionId[] {
    return this.#held.splice(0).map(({ id }) => id);
  }
}

function weigh(target: Target, atMs: number): void {
  const [oldest] = target.untaken;
  const isStalled = oldest !== undefined && oldest.sentAtMs + STALLED_MS < atMs;
  target.load = loadOf(target);
  target.hasRoom = target.untaken.length < WINDOW && !isStalled && target.fullUntilMs <= atMs;
}

function loadOf({ sent, own, closed }: Target): number {
  return sent + own - closed;
}
