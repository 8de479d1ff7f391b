// A process may write over the memory that it shares with its pool, and live on. It ends then; nobody waits for it, and it misleads nobody.
import { expect, it } from "vitest";
import { RING_AT, TASK_MEMORY_BYTES, TaskMemory } from "../../../src/link/task-memory.ts";
import { SharedTasks } from "../../../src/spawn/shared-tasks.ts";
import { believedUs } from "../../../src/tasks/answers.ts";
import { PoolTask } from "../../../src/tasks/pool-task.ts";
import { shareTaskMemory } from "../../../src/worker/task-memory.ts";

const BEHIND = { size: 0, last: 0 };

/** Both ends, with what the pool's one is told. */
function shared() {
  const bytes = new SharedArrayBuffer(TASK_MEMORY_BYTES);
  const answers: unknown[] = [];
  const violations: string[] = [];
  const ours = new SharedTasks(
    bytes,
    (each) => each.each((seq, _status, value, us) => answers.push([seq, value, us])),
    (detail) => violations.push(detail),
  );
  const theirs = shareTaskMemory(bytes, () => {});
  return { bytes, ours, theirs, answers, violations };
}

it("G79: every byte of it written over: each result is one that was written, or its worker is told off, once", () => {
  for (let at = 0; at < TASK_MEMORY_BYTES; at += 509) {
    const { bytes, ours, theirs, answers, violations } = shared();
    theirs.place(1, "one", 5, BEHIND);
    new Uint8Array(bytes).fill(0xff, at, at + 509);
    ours.told();
    ours.told();
    expect(answers.length).toBeLessThanOrEqual(1);
    expect(violations.length).toBeLessThanOrEqual(1);
    expect(answers.length + violations.length).toBeGreaterThan(0);
    for (const answer of answers)
      expect(answer).toEqual([expect.any(Number), expect.anything(), expect.any(Number)]);
  }
});

it("G79: a count, a duration, a kind that no worker writes", () => {
  const ring = (bytes: SharedArrayBuffer) => new DataView(bytes, RING_AT);
  const writes: ((view: DataView) => void)[] = [
    (view) => view.setInt32(0, -5, true),
    (view) => view.setInt32(0, 1 << 20, true),
    (view) => view.setFloat64(48 * 4 + 8, Number.NaN, true),
    (view) => view.setFloat64(48 * 4, 1.5, true),
  ];
  for (const write of writes) {
    const { bytes, ours, theirs, answers, violations } = shared();
    theirs.place(1, true, 5, BEHIND);
    write(ring(bytes));
    ours.read();
    ours.read();
    expect([answers, violations]).toEqual([[], ["the memory that it shares holds what no worker writes"]]);
  }
});

it("a task whose cell holds what nobody writes may have begun", () => {
  const { bytes, ours } = shared();
  ours.offer({ seq: 1, cell: 0 });
  expect(ours.hasBegun({ seq: 1, cell: 0 })).toBe(false);
  new TaskMemory(bytes).cells[0] = 12_345;
  expect(ours.hasBegun({ seq: 1, cell: 0 })).toBe(true);
});

it("a task took no longer than since it was its turn, whatever its worker says", () => {
  const request = {
    name: "t",
    transfer: [],
    priority: 0,
    timeoutMs: null,
    retries: 0,
    signal: null,
    isPinned: false,
  };
  const task = new PoolTask(1, null, request, 0, () => {});
  const clock = { now: () => 2_000, after: () => () => {} };
  expect(believedUs(task, 500, clock)).toBe(500);
  for (const us of [1e15, Number.POSITIVE_INFINITY, Number.NaN, -1])
    expect(believedUs(task, us, clock)).toBe(2_000_000);
});
