// A queue of the user's own: it decides the order; what waits, and that nothing is lost, is decided here.
import { describe, expect, it } from "vitest";
import { CallbackGuard } from "../../../src/callbacks.ts";
import { AdaptedQueue, type CustomQueue } from "../../../src/tasks/custom-queue.ts";
import type { Job } from "../../../src/tasks/job.ts";

interface NumberedJob extends Job {
  readonly id: number;
}

const job = (id: number): NumberedJob => ({
  ...{ id, name: "short", priority: 0, isAlone: false, isPinned: false },
  ...{ state: "queued", load: null, seq: 0, cell: 0, estimateUs: 0 },
});

class LastFirst implements CustomQueue<NumberedJob> {
  readonly jobs: NumberedJob[] = [];
  get size(): number {
    return this.jobs.length;
  }
  push(each: NumberedJob): void {
    this.jobs.push(each);
  }
  shift(): NumberedJob | undefined {
    return this.jobs.pop();
  }
  remove(each: NumberedJob): void {
    this.jobs.splice(this.jobs.indexOf(each), 1);
  }
}

function over(custom: CustomQueue<NumberedJob>) {
  const told: unknown[] = [];
  const queue = new AdaptedQueue(
    custom,
    new CallbackGuard(({ code, details }) => told.push([code, details["callback"]])),
  );
  const takeAll = (): number[] => {
    const ids: number[] = [];
    for (let each = queue.shift(); each !== undefined; each = queue.shift()) ids.push(each.id);
    return ids;
  };
  return { queue, told, takeAll };
}

const badly = (): never => {
  throw null;
};

describe("a queue of the user's own", () => {
  it("decides the order; what comes back goes first", () => {
    const { queue, told, takeAll } = over(new LastFirst());
    const jobs = [1, 2, 3].map(job);
    for (const each of jobs) queue.push(each);
    expect([queue.size, queue.peek()?.id, queue.size]).toEqual([3, 3, 3]);
    const third = queue.shift();
    if (third !== undefined) queue.putBack(third);
    expect([takeAll(), queue.size, told]).toEqual([[3, 2, 1], 0, []]);
  });

  it("may keep tasks for a while, and gives them up when everything is drained", () => {
    const custom = new LastFirst();
    custom.shift = () => undefined;
    const { queue, told, takeAll } = over(custom);
    queue.push(job(1));
    expect([takeAll(), queue.size, told]).toEqual([[], 1, []]);
    expect([queue.drain().map(({ id }) => id), queue.size]).toEqual([[1], 0]);
  });

  it("may take no notice of a removal", () => {
    const custom = new LastFirst();
    custom.remove = () => {};
    const { queue, told, takeAll } = over(custom);
    const [first, second] = [job(1), job(2)];
    queue.push(first);
    queue.push(second);
    second.state = "settled";
    queue.remove(second);
    expect([queue.size, takeAll(), told]).toEqual([1, [1], []]);
  });

  const FAULTS: Readonly<Record<string, Partial<Record<keyof CustomQueue<Job>, unknown>>>> = {
    "push throws": { push: badly },
    "shift throws": { shift: badly },
    "shift gives something else": { shift: () => job(99) },
    "shift gives a promise": { shift: () => Promise.reject(new Error("later")) },
    "shift gives the same one for ever": { shift: () => FIRST },
    "size is no number": { size: "many" },
  };
  const FIRST = job(1);

  it.each(Object.entries(FAULTS))("loses nothing and is told of once when %s", (_, fault) => {
    const custom = new LastFirst();
    for (const [name, value] of Object.entries(fault)) Object.defineProperty(custom, name, { value });
    const { queue, told, takeAll } = over(custom);
    for (const each of [FIRST, job(2), job(3)]) queue.push(each);
    expect(takeAll().sort()).toEqual([1, 2, 3]);
    expect(told).toEqual([["BROOD_CALLBACK_FAILED", expect.stringMatching(/^taskQueue\./)]]);
    expect(queue.size).toBe(0);
  });

  it("a removal that throws costs nobody a task", () => {
    const custom = new LastFirst();
    custom.remove = badly;
    const { queue, told, takeAll } = over(custom);
    const [first, second] = [job(1), job(2)];
    queue.push(first);
    queue.push(second);
    first.state = "settled";
    queue.remove(first);
    expect([takeAll(), told.length]).toEqual([[2], 1]);
  });
});
