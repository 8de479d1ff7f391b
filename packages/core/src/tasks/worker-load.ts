// What one worker has been sent and not yet answered. Tasks begin in the order they were sent, at most `concurrency` at a
// time, so the pool knows without being told which of them run: the first ones.

import type { WorkerId } from "../machine/names.ts";
import type { Job } from "./job.ts";

export class WorkerLoad {
  readonly worker: WorkerId;
  readonly concurrency: number;
  /** By number, in the order sent. */
  readonly outstanding: Map<number, Job> = new Map();
  /** Takes tasks; false once it drains. */
  isOpen = true;
  running = 0;
  backlogUs = 0;
  /** Answers so far: whoever sees it unchanged knows that the worker got nothing done in between. */
  answered = 0;
  /** More goes to it while it has at most so many. */
  #outstandingMax = Number.POSITIVE_INFINITY;
  readonly #freeCells: number[] = [];
  #cells = 0;
  #nextSeq = 1;
  #nextToBegin = 1;

  constructor(worker: WorkerId, concurrency: number) {
    this.worker = worker;
    this.concurrency = concurrency;
  }

  get takesMore(): boolean {
    return this.isOpen && this.outstanding.size <= this.#outstandingMax;
  }

  /** Its link takes nothing more: half of what it has must be answered first. Not each answer, as each try costs the
   *  encoding of large values. */
  linkIsFull(): void {
    this.#outstandingMax = this.outstanding.size >> 1;
  }

  get isFree(): boolean {
    return this.takesMore && this.outstanding.size < this.concurrency;
  }

  /** So many cannot run at once. */
  get ahead(): number {
    return this.outstanding.size - this.concurrency;
  }

  /** How long the task it has had for longest should take. */
  get expectedUs(): number {
    for (const { estimateUs } of this.outstanding.values()) return estimateUs;
    return 0;
  }

  /** How many were sent and have not begun. */
  get behind(): number {
    return this.outstanding.size - this.running;
  }

  add(job: Job): void {
    job.state = "sent";
    job.load = this;
    job.seq = this.#nextSeq++;
    job.cell = this.#freeCells.pop() ?? this.#cells++;
    this.outstanding.set(job.seq, job);
    this.backlogUs += job.estimateUs;
  }

  /** Answered, or taken back. Undefined when it was neither sent nor still open: an answer that comes twice. */
  remove(seq: number): Job | undefined {
    const job = this.outstanding.get(seq);
    if (job === undefined) return undefined;
    this.outstanding.delete(seq);
    this.#freeCells.push(job.cell);
    if (this.outstanding.size <= this.#outstandingMax) this.#outstandingMax = Number.POSITIVE_INFINITY;
    this.backlogUs = this.outstanding.size === 0 ? 0 : Math.max(0, this.backlogUs - job.estimateUs);
    if (seq < this.#nextToBegin) this.running -= 1;
    return job;
  }

  /** The next one whose turn has come, if any; call until there is none. */
  begin(): Job | undefined {
    while (this.running < this.concurrency && this.#nextToBegin < this.#nextSeq) {
      const job = this.outstanding.get(this.#nextToBegin++);
      if (job === undefined) continue;
      this.running += 1;
      return job;
    }
    return undefined;
  }

  /** Those whose turn has not come and that may go to another worker, last first. */
  waiting(): Job[] {
    return [...this.outstanding.values()]
      .filter((job) => job.seq >= this.#nextToBegin && !job.isPinned)
      .reverse();
  }

  /** The number of the last one sent. */
  get lastSeq(): number {
    return this.#nextSeq - 1;
  }

  isRunning(job: Job): boolean {
    return job.seq < this.#nextToBegin;
  }
}
