// Which task goes to which worker, and how many at once. Pure: no time, no I/O; the pool asks for a plan and carries it out.
// First every worker that can begin a task at once gets one, the least busy first. Then, when the queue is deep and tasks are
// short, each worker gets more of them ahead, up to a budget of about one millisecond by what tasks of that name took
// before: that is batching, and it costs nobody time, because no worker that could begin at once is left without.
// Behind tasks that take the budget alone stand some more: else their worker would stand still until it hears from us, a
// tenth of the time of a task of 1 ms. Where they can be taken back from it they stand for several turns, so that we need
// not hear of each that ends either; where they cannot, or one with a higher priority may come, it is one.
// Rule: a job is in the queue, or with exactly one worker, or settled.

import type { WorkerId } from "../machine/names.ts";
import { Estimates } from "./estimates.ts";
import type { Job } from "./job.ts";
import type { TaskQueue } from "./task-queue.ts";
import { WorkerLoad } from "./worker-load.ts";

/** How much longer than the budget one task may take and still have the next one behind it. */
const NEXT_BUDGETS = 1.25;
/** So many stand behind tasks of the budget: two that their worker keeps at hand (worker/task-memory.ts), and those that are
 *  done from one look at it to the next (slow-task-watch.ts), which may take place late. */
const NEXT_MAX = 5;

interface Batching {
  readonly items: number;
  readonly budgetUs: number;
}

export interface DispatcherOptions<Item extends Job> {
  readonly concurrency: number;
  /** Null: one task at a time. */
  readonly batching: Batching | null;
  /** Can a worker's waiting tasks be taken back? */
  readonly canTakeBack: boolean;
  /** The user's own choice of a worker; null: nobody now; undefined: it makes none. */
  readonly balance: ((job: Item, open: readonly WorkerLoad[]) => WorkerLoad | null | undefined) | null;
}

/** What to send to one worker, in order. */
export interface Shipment<Item extends Job> {
  readonly load: WorkerLoad;
  readonly jobs: Item[];
}

export class Dispatcher<Item extends Job> {
  readonly queue: TaskQueue<Item>;
  readonly estimates: Estimates;
  readonly loads: Map<WorkerId, WorkerLoad> = new Map();
  readonly #options: DispatcherOptions<Item>;

  constructor(queue: TaskQueue<Item>, options: DispatcherOptions<Item>) {
    this.queue = queue;
    this.estimates = new Estimates(options.canTakeBack);
    this.#options = options;
  }

  open(worker: WorkerId): WorkerLoad {
    const load = new WorkerLoad(worker, this.#options.concurrency);
    this.loads.set(worker, load);
    return load;
  }

  /** Moves tasks from the queue to workers. */
  plan(): readonly Shipment<Item>[] {
    const shipments: Shipment<Item>[] = [];
    this.#fillFree(shipments);
    if (this.#options.batching !== null && this.queue.size > 0)
      this.#sendAhead(shipments, this.#options.batching);
    return shipments;
  }

  /** Does the task that was pushed last begin before its caller goes on? One that transfers something does: it travels alone in
   *  any case, and to make the next large buffer takes a while. Others wait for the end of the turn, when priorities decide. */
  goesAtOnce(job: Item): boolean {
    return job.isAlone && this.queue.size === 1 && this.#options.balance === null && this.hasFree;
  }

  /** Tasks that are with workers. */
  get sent(): number {
    let count = 0;
    for (const load of this.loads.values()) count += load.outstanding.size;
    return count;
  }

  /** Can anybody begin a task now? */
  get hasFree(): boolean {
    for (const load of this.loads.values()) if (load.isFree) return true;
    return false;
  }

  /** Is there anything that a plan would change? Asked after each answer, so it must cost nothing. */
  wantsMore(load: WorkerLoad): boolean {
    if (this.queue.size === 0 || !load.takesMore) return false;
    return load.isFree || (this.#options.batching !== null && this.#isHungry(load, this.#options.batching));
  }

  #fillFree(shipments: Shipment<Item>[]): void {
    const free = [...this.loads.values()].filter((load) => load.isFree);
    while (this.queue.size > 0 && free.length > 0) {
      const load = this.#choose(free);
      if (load === null) return;
      const job = this.queue.shift();
      if (job === undefined) return;
      this.#assign(load, job, shipments);
      if (!load.isFree) free.splice(free.indexOf(load), 1);
    }
  }

  #choose(free: readonly WorkerLoad[]): WorkerLoad | null {
    const { balance } = this.#options;
    if (balance !== null) {
      const job = this.queue.peek();
      const chosen = job === undefined ? null : balance(job, free);
      if (chosen !== undefined) return chosen;
    }
    let least: WorkerLoad | null = null;
    for (const load of free) {
      if (least === null || load.outstanding.size < least.outstanding.size) least = load;
      if (least.outstanding.size === 0) break;
    }
    return least;
  }

  #sendAhead(shipments: Shipment<Item>[], batching: Batching): void {
    const hungry = [...this.loads.values()].filter(
      (load) => load.takesMore && this.#isHungry(load, batching),
    );
    // Everybody gets the same share of a queue that is not deep enough for all.
    const share = Math.ceil(this.queue.size / Math.max(1, this.#openCount()));
    for (const load of hungry) {
      for (let sent = 0; sent < share && load.outstanding.size < batching.items; sent += 1) {
        const job = this.queue.peek();
        if (job === undefined || job.isAlone) return;
        if (!this.#fitsAhead(load, this.estimates.of(job.name), batching.budgetUs)) break;
        this.queue.shift();
        this.#assign(load, job, shipments);
      }
    }
  }

  #fitsAhead(load: WorkerLoad, estimateUs: number, budgetUs: number): boolean {
    if (load.backlogUs + estimateUs <= budgetUs) return true;
    return this.#lacksNext(load, budgetUs, this.#nextMax) && estimateUs <= budgetUs * NEXT_BUDGETS;
  }

  /** At most half of what it may have: refilled in large portions, not one by one. */
  #isHungry(load: WorkerLoad, { items, budgetUs }: Batching): boolean {
    if (load.outstanding.size * 2 <= items && load.backlogUs * 2 <= budgetUs) return true;
    return load.outstanding.size < items && this.#lacksNext(load, budgetUs, (this.#nextMax + 1) >> 1);
  }

  /** What it has ends soon, and then it would stand still until it hears from us. */
  #lacksNext(load: WorkerLoad, budgetUs: number, max: number): boolean {
    return load.ahead < max && load.backlogUs <= budgetUs * NEXT_BUDGETS * max;
  }

  get #nextMax(): number {
    return this.#options.canTakeBack && !this.queue.hasPriorities ? NEXT_MAX : 1;
  }

  #openCount(): number {
    let count = 0;
    for (const load of this.loads.values()) count += Number(load.isOpen);
    return count;
  }

  #assign(load: WorkerLoad, job: Item, shipments: Shipment<Item>[]): void {
    const estimateUs = this.estimates.of(job.name);
    // An unknown one counts for the whole budget: nothing goes behind it.
    job.estimateUs = Number.isFinite(estimateUs)
      ? Math.ceil(estimateUs)
      : (this.#options.batching?.budgetUs ?? 0);
    load.add(job);
    // The last one for that worker: the jobs of a message have consecutive numbers.
    const own =
      shipments.at(-1)?.load === load ? shipments.at(-1) : shipments.findLast((each) => each.load === load);
    const goesAlone = job.isAlone || own?.jobs[0]?.isAlone === true;
    if (own === undefined || goesAlone) shipments.push({ load, jobs: [job] });
    else own.jobs.push(job);
  }
}
