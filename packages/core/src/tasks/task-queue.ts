// Tasks that wait for a worker: higher priority first, then first come, first served. What was sent and came back goes to
// the front again, in its old order. Removing one (aborted while it waited) only counts: its place is skipped later.

import type { Job } from "./job.ts";

export interface TaskQueue<Item extends Job> {
  readonly size: number;
  /** Whoever was taken before another one comes might have gone after it. */
  readonly hasPriorities: boolean;
  push(job: Item): void;
  /** Puts it back in front of all others of its priority. */
  putBack(job: Item): void;
  peek(): Item | undefined;
  shift(): Item | undefined;
  /** `job` waits no longer; its state has been changed already. */
  remove(job: Item): void;
  /** Takes everything out. */
  drain(): Item[];
}

class Lane<Item extends Job> {
  readonly priority: number;
  readonly #front: Item[] = [];
  #back: Item[] = [];
  #head = 0;

  constructor(priority: number) {
    this.priority = priority;
  }

  push(job: Item): void {
    this.#back.push(job);
  }

  putBack(job: Item): void {
    this.#front.push(job);
  }

  /** The first that still waits; what was removed is dropped on the way. */
  peek(): Item | undefined {
    for (;;) {
      const job = this.#front.at(-1) ?? this.#back[this.#head];
      if (job === undefined || job.state === "queued") return job;
      this.shift();
    }
  }

  shift(): void {
    if (this.#front.pop() !== undefined) return;
    this.#head += 1;
    // Clears away what was taken: when all was, else rarely enough to cost nothing.
    const isSmall = this.#head < 1_024 || this.#head * 2 < this.#back.length;
    if (isSmall && this.#head < this.#back.length) return;
    this.#back = this.#back.slice(this.#head);
    this.#head = 0;
  }
}

export class PriorityQueue<Item extends Job> implements TaskQueue<Item> {
  /** Highest priority first. Nearly always one. */
  readonly #lanes: Lane<Item>[] = [];
  size = 0;

  get hasPriorities(): boolean {
    return this.#lanes.length > 1;
  }

  push(job: Item): void {
    this.size += 1;
    this.#laneOf(job.priority).push(job);
  }

  putBack(job: Item): void {
    this.size += 1;
    this.#laneOf(job.priority).putBack(job);
  }

  peek(): Item | undefined {
    if (this.size === 0) return undefined;
    for (const lane of this.#lanes) {
      const job = lane.peek();
      if (job !== undefined) return job;
    }
    return undefined;
  }

  shift(): Item | undefined {
    if (this.size === 0) return undefined;
    for (const lane of this.#lanes) {
      const job = lane.peek();
      if (job === undefined) continue;
      lane.shift();
      this.size -= 1;
      return job;
    }
    return undefined;
  }

  remove(_job: Item): void {
    this.size -= 1;
  }

  drain(): Item[] {
    const all: Item[] = [];
    for (let job = this.shift(); job !== undefined; job = this.shift()) all.push(job);
    return all;
  }

  #laneOf(priority: number): Lane<Item> {
    const at = this.#lanes.findIndex((lane) => lane.priority <= priority);
    const found = this.#lanes[at];
    if (found?.priority === priority) return found;
    const lane = new Lane<Item>(priority);
    this.#lanes.splice(at === -1 ? this.#lanes.length : at, 0, lane);
    return lane;
  }
}
