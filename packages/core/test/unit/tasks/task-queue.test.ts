// The queue against a model: highest priority first, first come first served, what came back first of all, none lost.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallbackGuard } from "../../../src/callbacks.ts";
import { AdaptedQueue, type CustomQueue } from "../../../src/tasks/custom-queue.ts";
import type { Job } from "../../../src/tasks/job.ts";
import { PriorityQueue, type TaskQueue } from "../../../src/tasks/task-queue.ts";

const job = (priority: number): Job => ({
  name: "n",
  priority,
  isAlone: false,
  isPinned: false,
  state: "queued",
  load: null,
  seq: 0,
  cell: 0,
  estimateUs: 0,
});

class Custom implements CustomQueue<Job> {
  readonly items: Job[] = [];
  get size() {
    return this.items.length;
  }
  shift() {
    return this.items.shift() ?? null;
  }
  push(item: Job) {
    this.items.push(item);
  }
  remove(item: Job) {
    this.items.splice(this.items.indexOf(item), 1);
  }
}

const actions = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("push" as const), priority: fc.integer({ min: -2, max: 2 }) }),
    fc.record({ do: fc.constant("shift" as const) }),
    fc.record({ do: fc.constant("peek" as const) }),
    fc.record({ do: fc.constant("putBack" as const) }),
    fc.record({ do: fc.constant("remove" as const), pick: fc.nat() }),
  ),
  { maxLength: 300 },
);

function follows(
  queue: TaskQueue<Job>,
  hasPriorities: boolean,
  list: typeof actions extends fc.Arbitrary<infer List> ? List : never,
) {
  const model: Job[] = [];
  const taken: Job[] = [];
  for (const each of list) {
    if (each.do === "push") {
      const made = job(hasPriorities ? each.priority : 0);
      queue.push(made);
      const at = model.findIndex(({ priority }) => priority < made.priority);
      model.splice(at === -1 ? model.length : at, 0, made);
    } else if (each.do === "shift") {
      const first = queue.shift();
      expect(first).toBe(model.shift());
      if (first !== undefined) taken.push(first);
    } else if (each.do === "peek") {
      expect(queue.peek()).toBe(model[0]);
    } else if (each.do === "putBack") {
      const back = taken.pop();
      if (back === undefined) continue;
      queue.putBack(back);
      const at = model.findIndex(({ priority }) => priority <= back.priority);
      model.splice(at === -1 ? model.length : at, 0, back);
    } else {
      const [gone] = model.splice(each.pick % Math.max(1, model.length), 1);
      if (gone === undefined) continue;
      gone.state = "settled";
      queue.remove(gone);
    }
    expect(queue.size).toBe(model.length);
  }
}

const GUARD = new CallbackGuard((error) => {
  throw error;
});

describe("task queue", () => {
  it("follows the model", () => {
    fc.assert(fc.property(actions, (list) => follows(new PriorityQueue<Job>(), true, list)));
  });

  it("a queue of the user's own is asked, and what came back goes before it", () => {
    fc.assert(
      fc.property(actions, (list) => follows(new AdaptedQueue<Job>(new Custom(), GUARD), false, list)),
    );
  });
});
