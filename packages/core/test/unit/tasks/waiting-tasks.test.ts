// Tasks that wait in a worker come out in the order sent, each once, whatever was removed in between.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RUN, RUN_ONE } from "../../../src/link/task-protocol.ts";
import { WaitingTasks } from "../../../src/worker/waiting-tasks.ts";

const taken = (waiting: WaitingTasks): unknown[] => {
  const all: unknown[] = [];
  while (waiting.next()) all.push([waiting.seq, waiting.name, waiting.value, waiting.flags]);
  return all;
};

describe("waiting tasks", () => {
  it("reads columns and single tasks, with one name for all or a name each", () => {
    const waiting = new WaitingTasks();
    waiting.push([RUN, 1, null, ["a", "b"], [16, 17]]);
    waiting.push([RUN_ONE, 3, "one", ["c"], 2]);
    waiting.push([RUN, 4, [null, "four"], [4, 5], [0, 1]]);
    expect(waiting.size).toBe(5);
    expect(taken(waiting)).toEqual([
      [1, null, "a", 16],
      [2, null, "b", 17],
      [3, "one", ["c"], 2],
      [4, null, 4, 0],
      [5, "four", 5, 1],
    ]);
    expect([waiting.size, waiting.next()]).toEqual([0, false]);
  });

  it("removes what waits, once, and not what has begun or was never sent", () => {
    const waiting = new WaitingTasks();
    waiting.push([RUN, 1, null, [0, 0, 0], [0, 0, 0]]);
    waiting.next();
    expect([1, 2, 2, 3, 4].map((seq) => waiting.remove(seq))).toEqual([false, true, false, true, false]);
    expect([waiting.size, waiting.next()]).toEqual([0, false]);
    waiting.push([RUN_ONE, 4, null, 0, 0]);
    expect(taken(waiting)).toEqual([[4, null, 0, 0]]);
  });

  it("keeps nothing of the last one once nothing more waits", () => {
    const waiting = new WaitingTasks();
    waiting.push([RUN_ONE, 1, null, { large: true }, 0]);
    expect(taken(waiting)).toEqual([[1, null, { large: true }, 0]]);
    expect(waiting.value).toBe(undefined);
  });

  it("is a list, by any history", () => {
    const act = fc.oneof(
      fc.record({ what: fc.constant("push"), count: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ what: fc.constant("next"), count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ what: fc.constant("remove"), count: fc.integer({ min: 0, max: 8 }) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const waiting = new WaitingTasks();
        let [list, sent] = [[] as number[], 0];
        for (const { what, count } of acts) {
          if (what === "push") {
            const seqs = Array.from({ length: count }, (_, index) => sent + index + 1);
            waiting.push([RUN, sent + 1, null, seqs, seqs.map(() => 0)]);
            list.push(...seqs);
            sent += count;
          } else if (what === "next") {
            for (let turn = 0; turn < count; turn += 1) {
              expect(waiting.next()).toBe(list.length > 0);
              if (list.length > 0) expect(waiting.value).toBe(list.shift());
            }
          } else {
            const seq = sent - count;
            expect(waiting.remove(seq)).toBe(list.includes(seq));
            list = list.filter((each) => each !== seq);
          }
          expect(waiting.size).toBe(list.length);
        }
      }),
    );
  });
});
