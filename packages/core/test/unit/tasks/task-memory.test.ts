// What a worker tells of its results while the pool looks by itself: nothing, as long as more tasks are here or on their way.
import { expect, it } from "vitest";
import { TASK_MEMORY_BYTES } from "../../../src/link/task-memory.ts";
import { SharedTasks } from "../../../src/spawn/shared-tasks.ts";
import { shareTaskMemory } from "../../../src/worker/task-memory.ts";

function bothEnds() {
  const memory = new SharedArrayBuffer(TASK_MEMORY_BYTES);
  const received: number[] = [];
  const pool = new SharedTasks(
    memory,
    (answers) => answers.each((seq) => received.push(seq)),
    () => expect.unreachable(),
  );
  let told = 0;
  const worker = shareTaskMemory(memory, () => {
    told += 1;
  });
  for (let seq = 1; seq <= 6; seq += 1) pool.offer({ seq, cell: seq - 1 });
  return { pool, worker, received, told: () => told };
}

it("tells nothing of a task of a millisecond while two more are at hand or on their way", () => {
  const { pool, worker, received, told } = bothEnds();
  pool.look(true);
  worker.place(1, "a", 1_000, { size: 2, last: 3 });
  worker.place(3, "c", 1_000, { size: 0, last: 3 });
  worker.rest({ size: 0, last: 3 });
  worker.place(4, "d", 1_000, { size: 0, last: 4 });
  expect([told(), received]).toEqual([0, []]);
  pool.look(true);
  expect(received).toEqual([1, 3, 4]);
  worker.place(5, "e", 1_000, { size: 0, last: 5 });
  expect(told()).toBe(1);
});

it("tells at once of a short task, and of any when the pool does not look", () => {
  const { pool, worker, told } = bothEnds();
  worker.place(1, 1, 1_000, { size: 5, last: 6 });
  expect(told()).toBe(1);
  pool.look(true);
  worker.place(2, 2, 20, { size: 4, last: 6 });
  expect(told()).toBe(2);
});

it("tells what waits once there is nothing more to do", () => {
  const { pool, worker, told } = bothEnds();
  pool.look(true);
  worker.place(4, 4, 1_000, { size: 2, last: 6 });
  expect(told()).toBe(0);
  worker.rest({ size: 0, last: 6 });
  expect(told()).toBe(1);
});
