// Batching guesses that tasks are short. When one is not, those behind it on its worker must not wait for it: a worker
// that has answered nothing for a millisecond although tasks stand behind the running one gives them back when somebody
// else is free, and when nobody is, once its task should have been over: then they go before all that wait. It counts
// as full until it answers. Looked at only while something stands behind, and only where a link can take back (shared
// memory). What stands behind a task of a millisecond is handed over as soon as somebody has nothing to do.
// Each look first reads the results that are there, of all workers in one wake-up of this thread: so a worker with work
// at hand need not tell each (a third of what this thread did for tasks of 1 ms), and none is known later than a look.

import type { WorkerId } from "../machine/names.ts";
import type { Clock } from "../ports/clock.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { PoolTask } from "./pool-task.ts";
import type { Member } from "./task-team.ts";

/** One look a millisecond: what stands behind a slow task is held for two of them at most. */
const LOOK_MS = 1;
/** So many budgets more make a worker full, whatever it has: above what the dispatcher lets stand before one more task. */
const FULL_BUDGETS = 7;

export class SlowTaskWatch {
  readonly #dispatcher: Dispatcher<PoolTask>;
  readonly #members: ReadonlyMap<WorkerId, Member>;
  readonly #clock: Clock;
  readonly #budgetUs: number;
  readonly #onTakenBack: () => void;
  /** Answers of each worker at the last look. */
  readonly #seen: Map<WorkerId, { readonly answered: number; readonly atMs: number }> = new Map();
  #isArmed = false;

  constructor(
    dispatcher: Dispatcher<PoolTask>,
    members: ReadonlyMap<WorkerId, Member>,
    clock: Clock,
    budgetUs: number,
    onTakenBack: () => void,
  ) {
    this.#dispatcher = dispatcher;
    this.#members = members;
    this.#clock = clock;
    this.#budgetUs = budgetUs;
    this.#onTakenBack = onTakenBack;
  }

  /** Called after each dispatch. */
  arm(): void {
    if (this.#isArmed || !this.#hasBehind()) return;
    this.#isArmed = true;
    this.#lookAtLinks(true);
    this.#next();
  }

  #next(): void {
    this.#clock.after(LOOK_MS, () => {
      this.#lookAtLinks(true);
      this.#look();
      if (this.#hasBehind()) return this.#next();
      this.#isArmed = false;
      this.#lookAtLinks(false);
    });
  }

  #lookAtLinks(again: boolean): void {
    for (const { link } of this.#members.values()) link.look(again);
  }

  /** Somebody has nothing to do: it gets what waits behind a task that takes most of the budget. Shorter ones are over before
   *  they would have got there. */
  relieve(): void {
    if (this.#dispatcher.queue.size > 0) return;
    for (const member of this.#members.values()) {
      const { load } = member;
      if (load === null || load.behind === 0 || load.backlogUs <= this.#budgetUs) continue;
      if (this.#takeBack(member)) return this.#onTakenBack();
    }
  }

  #hasBehind(): boolean {
    for (const { link, load } of this.#members.values()) {
      if (link.canRevoke && load !== null && load.behind > 0) return true;
    }
    return false;
  }

  #look(): void {
    const nowMs = this.#clock.now();
    let isAnyTakenBack = false;
    const isAnyFree = [...this.#dispatcher.loads.values()].some((load) => load.isFree);
    for (const [worker, member] of this.#members) {
      const { load } = member;
      if (load === null || load.behind === 0) this.#seen.delete(worker);
      else {
        const seen = this.#seen.get(worker);
        if (seen?.answered !== load.answered)
          this.#seen.set(worker, { answered: load.answered, atMs: nowMs });
        else if (nowMs - seen.atMs >= (isAnyFree ? LOOK_MS : LOOK_MS + load.expectedUs / 1_000))
          isAnyTakenBack = this.#takeBack(member) || isAnyTakenBack;
      }
    }
    if (isAnyTakenBack) this.#onTakenBack();
  }

  #takeBack({ link, load }: Member): boolean {
    if (load === null || !link.canRevoke) return false;
    let isAny = false;
    for (const job of load.waiting() as PoolTask[]) {
      if (!link.revoke(job)) continue;
      load.remove(job.seq);
      if (job.state === "settled") continue;
      job.comeBack();
      this.#dispatcher.queue.putBack(job);
      isAny = true;
    }
    for (const job of load.outstanding.values()) {
      load.backlogUs += this.#budgetUs * FULL_BUDGETS;
      job.estimateUs += this.#budgetUs * FULL_BUDGETS;
    }
    return isAny;
  }
}
