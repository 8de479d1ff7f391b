// The pure dispatcher: every job is in the queue, with exactly one worker, or settled; free workers first, batches after.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Dispatcher } from "../../../src/tasks/dispatcher.ts";
import type { Job } from "../../../src/tasks/job.ts";
import { PriorityQueue } from "../../../src/tasks/task-queue.ts";

interface NumberedJob extends Job {
  readonly id: number;
}

function job(id: number, change: Partial<Job> = {}): NumberedJob {
  const fixed = { id, name: "short", priority: 0, isAlone: false, isPinned: false };
  return { ...fixed, state: "queued", load: null, seq: 0, cell: 0, estimateUs: 0, ...change };
}

const BATCHING = { items: 64, budgetUs: 1_000 };

function dispatcher(change: Partial<ConstructorParameters<typeof Dispatcher<NumberedJob>>[1]> = {}) {
  const options = { concurrency: 1, batching: BATCHING, canTakeBack: true, balance: null, ...change };
  return new Dispatcher<NumberedJob>(new PriorityQueue<NumberedJob>(), options);
}

const sent = (one: Dispatcher<NumberedJob>): string[] =>
  one.plan().map(({ load, jobs }) => `${load.worker}: ${jobs.map(({ id }) => id).join(" ")}`);

describe("dispatcher", () => {
  it("gives every free worker one task before anybody gets two", () => {
    const one = dispatcher();
    one.open("w1");
    one.open("w2");
    one.estimates.learn("short", 1);
    for (let id = 1; id <= 2; id += 1) one.queue.push(job(id));
    expect(sent(one)).toEqual(["w1: 1", "w2: 2"]);
    for (let id = 3; id <= 7; id += 1) one.queue.push(job(id));
    expect(sent(one)).toEqual(["w1: 3 4 5", "w2: 6 7"]);
  });

  it("sends nothing ahead of a name that was never seen, nor behind a long one", () => {
    const one = dispatcher();
    one.open("w1");
    for (let id = 1; id <= 4; id += 1) one.queue.push(job(id));
    expect(sent(one)).toEqual(["w1: 1"]);
    one.estimates.learn("short", 1_300);
    expect(sent(one)).toEqual([]);
  });

  it("sends one that goes alone in a message of its own, also beside others to the same worker", () => {
    const one = dispatcher({ concurrency: 6 });
    one.open("w1");
    for (let id = 1; id <= 6; id += 1) one.queue.push(job(id, { isAlone: id === 3 || id === 4 }));
    expect(sent(one)).toEqual(["w1: 1 2", "w1: 3", "w1: 4", "w1: 5 6"]);
  });

  it("keeps one task, not two, behind one that takes the budget alone, where none can be taken back", () => {
    const one = dispatcher({ canTakeBack: false });
    const load = one.open("w1");
    one.open("w2");
    one.estimates.learn("short", 1_020);
    for (let id = 1; id <= 6; id += 1) one.queue.push(job(id));
    expect(sent(one)).toEqual(["w1: 1 3", "w2: 2 4"]);
    expect(one.wantsMore(load)).toBe(false);
    load.remove(1);
    expect(one.wantsMore(load)).toBe(true);
    expect(sent(one)).toEqual(["w1: 5"]);
  });

  it("keeps five behind one that takes the budget alone, where they can be, and refills them in portions", () => {
    const one = dispatcher();
    const load = one.open("w1");
    one.estimates.learn("short", 1_020);
    for (let id = 1; id <= 12; id += 1) one.queue.push(job(id));
    expect(sent(one)).toEqual(["w1: 1 2 3 4 5 6"]);
    const wants = [1, 2, 3].map((seq) => {
      load.remove(seq);
      return one.wantsMore(load);
    });
    expect(wants).toEqual([false, false, true]);
    expect(sent(one)).toEqual(["w1: 7 8 9"]);
  });

  it("keeps one, not five, where some tasks go before others: those would wait for all that were sent", () => {
    const one = dispatcher();
    one.open("w1");
    one.estimates.learn("short", 1_020);
    for (let id = 1; id <= 12; id += 1) one.queue.push(job(id, { priority: id === 9 ? 1 : 0 }));
    expect(sent(one)).toEqual(["w1: 9 1"]);
  });

  it("keeps one task more than run at a time, and none behind one that is known to be long", () => {
    const one = dispatcher({ concurrency: 2, canTakeBack: false });
    one.open("w1");
    one.estimates.learn("short", 400);
    one.estimates.learn("long", 5_000);
    for (let id = 1; id <= 5; id += 1) one.queue.push(job(id));
    expect(sent(one)).toEqual(["w1: 1 2 3"]);
    const other = dispatcher();
    other.open("w1");
    other.estimates.learn("short", 1_020);
    other.estimates.learn("long", 5_000);
    other.queue.push(job(1, { name: "long" }));
    other.queue.push(job(2));
    expect(sent(other)).toEqual(["w1: 1"]);
    other.open("w2");
    other.queue.push(job(3, { name: "long" }));
    expect(sent(other)).toEqual(["w2: 2"]);
  });

  it("fills a worker to the budget and refills it in portions", () => {
    const one = dispatcher();
    const load = one.open("w1");
    one.estimates.learn("short", 98);
    for (let id = 1; id <= 40; id += 1) one.queue.push(job(id));
    expect(sent(one)).toEqual(["w1: 1 2 3 4 5 6 7 8 9 10"]);
    for (let seq = 1; seq <= 4; seq += 1) load.remove(seq);
    expect(one.wantsMore(load)).toBe(false);
    load.remove(5);
    expect(one.wantsMore(load)).toBe(true);
    expect(sent(one)).toEqual(["w1: 11 12 13 14 15"]);
  });

  it("sends a task that transfers something only to a worker that can begin it at once", () => {
    const one = dispatcher();
    const load = one.open("w1");
    one.estimates.learn("short", 1);
    one.queue.push(job(1));
    one.queue.push(job(2, { isAlone: true }));
    one.queue.push(job(3));
    expect(sent(one)).toEqual(["w1: 1"]);
    load.remove(1);
    expect(sent(one)).toEqual(["w1: 2", "w1: 3"]);
  });

  it("sends a task that transfers something at once when somebody is free and nobody waits, and lets others gather", () => {
    const one = dispatcher();
    const push = (id: number, isAlone: boolean): boolean => {
      const made = job(id, { isAlone });
      one.queue.push(made);
      return one.goesAtOnce(made);
    };
    expect(push(1, true)).toBe(false);
    const load = one.open("w1");
    expect(sent(one)).toEqual(["w1: 1"]);
    expect(push(2, true)).toBe(false);
    load.remove(1);
    expect(push(3, true)).toBe(false);
    for (const id of [2, 3]) {
      expect(sent(one)).toEqual([`w1: ${id}`]);
      load.remove(id);
    }
    expect(push(4, true)).toBe(true);
    expect(sent(one)).toEqual(["w1: 4"]);
    load.remove(4);
    expect(push(5, false)).toBe(false);
  });

  it("leaves a worker that drains alone, and asks the user's balancer", () => {
    const one = dispatcher({
      batching: null,
      balance: (_, open) => open.find(({ worker }) => worker === "w2") ?? null,
    });
    one.open("w1");
    const second = one.open("w2");
    one.queue.push(job(1));
    expect(sent(one)).toEqual(["w2: 1"]);
    one.queue.push(job(2));
    expect(sent(one)).toEqual([]);
    second.remove(1);
    second.isOpen = false;
    expect(sent(one)).toEqual([]);
  });

  it("keeps each job in exactly one place, begins them in order, and loses none, whatever happens", () => {
    const action = fc.oneof(
      fc.record({
        do: fc.constant("submit" as const),
        priority: fc.integer({ min: -1, max: 1 }),
        isAlone: fc.boolean(),
      }),
      fc.record({ do: fc.constant("plan" as const) }),
      fc.record({ do: fc.constant("open" as const) }),
      fc.record({ do: fc.constant("answer" as const), pick: fc.nat(), us: fc.nat({ max: 3_000 }) }),
      fc.record({ do: fc.constant("die" as const), pick: fc.nat() }),
      fc.record({ do: fc.constant("takeBack" as const), pick: fc.nat() }),
      fc.record({ do: fc.constant("abort" as const), pick: fc.nat() }),
    );
    const concurrency = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), concurrency, (actions, concurrent) => {
        const one = dispatcher({ concurrency: concurrent });
        const jobs: NumberedJob[] = [];
        const at = <Item>(items: readonly Item[], pick: number) => items[pick % Math.max(1, items.length)];
        let workers = 0;
        for (const each of actions) {
          if (each.do === "submit") {
            const made = job(jobs.length, { priority: each.priority, isAlone: each.isAlone });
            jobs.push(made);
            one.queue.push(made);
          } else if (each.do === "plan") {
            for (const { load } of one.plan()) while (load.begin() !== undefined);
          } else if (each.do === "open") {
            workers += 1;
            one.open(`w${workers}`);
          } else if (each.do === "abort") {
            const queued = at(
              jobs.filter(({ state }) => state === "queued"),
              each.pick,
            );
            if (queued === undefined) continue;
            queued.state = "settled";
            one.queue.remove(queued);
          } else {
            const load = at([...one.loads.values()], each.pick);
            if (load === undefined) continue;
            const outstanding = [...load.outstanding.values()] as NumberedJob[];
            if (each.do === "answer") {
              const answered = at(
                outstanding.filter((one) => load.isRunning(one)),
                each.pick,
              );
              if (answered === undefined) continue;
              expect(load.remove(answered.seq)).toBe(answered);
              expect(load.remove(answered.seq)).toBeUndefined();
              answered.state = "settled";
              one.estimates.learn("short", each.us);
              while (load.begin() !== undefined);
            } else {
              const back = each.do === "die" ? outstanding.reverse() : (load.waiting() as NumberedJob[]);
              if (each.do === "die") one.loads.delete(load.worker);
              for (const returned of back) {
                load.remove(returned.seq);
                returned.state = "queued";
                returned.load = null;
                one.queue.putBack(returned);
              }
            }
          }
          const held = [...one.loads.values()].flatMap((load) => [...load.outstanding.values()]);
          expect(new Set(held).size).toBe(held.length);
          expect(held.length + one.queue.size).toBe(jobs.filter(({ state }) => state !== "settled").length);
          for (const load of one.loads.values()) {
            expect(load.running).toBeLessThanOrEqual(concurrent);
            expect(load.outstanding.size).toBeLessThanOrEqual(BATCHING.items);
            const cells = [...load.outstanding.values()].map(({ cell }) => cell);
            expect(new Set(cells).size).toBe(cells.length);
            expect(load.backlogUs).toBeGreaterThanOrEqual(0);
          }
        }
        for (const held of one.loads.values())
          for (const { state } of held.outstanding.values()) expect(state).toBe("sent");
      }),
      { numRuns: 300 },
    );
  });
});
