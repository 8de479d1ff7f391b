// What stands behind a task on its worker is handed over when somebody is idle or the task turns out slow, and not before.
import { describe, expect, it } from "vitest";
import type { WorkerId } from "../../../src/machine/names.ts";
import type { SpawnOrder } from "../../../src/ports/spawn-strategy.ts";
import type { SentTask } from "../../../src/ports/task-link.ts";
import { Dispatcher } from "../../../src/tasks/dispatcher.ts";
import { PoolTask } from "../../../src/tasks/pool-task.ts";
import { SlowTaskWatch } from "../../../src/tasks/slow-task-watch.ts";
import { PriorityQueue } from "../../../src/tasks/task-queue.ts";
import type { Member } from "../../../src/tasks/task-team.ts";
import { VirtualTime } from "./simulated-workers.ts";

const BUDGET_US = 1_000;
const REQUEST = {
  name: "spin",
  transfer: [],
  priority: 0,
  timeoutMs: null,
  retries: 0,
  signal: null,
  isPinned: false,
};

/** Two workers, and tasks that take `us` by what is known. */
function team(us: number, tasks: number) {
  const time = new VirtualTime();
  const dispatcher = new Dispatcher<PoolTask>(new PriorityQueue<PoolTask>(), {
    concurrency: 1,
    batching: { items: 64, budgetUs: BUDGET_US },
    canTakeBack: true,
    balance: null,
  });
  dispatcher.estimates.learn("spin", us);
  const members = new Map<WorkerId, Member>();
  const looks: string[] = [];
  for (const [slot, worker] of (["w1", "w2"] as const).entries()) {
    const load = dispatcher.open(worker);
    const link = {
      threadId: slot,
      canRevoke: true,
      look: (again: boolean) => void looks.push(`t=${time.now()} ${worker}${again ? "" : ", the last"}`),
      send: () => true,
      offer: () => {},
      revoke: ({ seq }: SentTask) => load.waiting().some((job) => job.seq === seq),
      hasBegun: () => null,
    };
    const order: SpawnOrder = {
      worker,
      slot,
      generation: 1,
      release: { entry: "/srv/tasks.js", version: null, folder: "/srv", fingerprint: "f" },
      stamps: [],
      sockets: [],
      bootTimeoutMs: 30_000,
    };
    members.set(worker, { order, link, load, isOutOfMemory: false, pid: null, idleSinceMs: 0 });
  }
  const moves: string[] = [];
  const plan = (): void => {
    for (const { load, jobs } of dispatcher.plan()) {
      moves.push(`t=${time.now()} ${load.worker}: ${jobs.map(({ taskId }) => taskId).join(" ")}`);
      while (load.begin() !== undefined);
    }
    watch.arm();
  };
  const watch = new SlowTaskWatch(dispatcher, members, time, BUDGET_US, () => {
    const { size } = dispatcher.queue;
    moves.push(`t=${time.now()} taken back, ${size} wait`);
    plan();
  });
  for (let id = 1; id <= tasks; id += 1) dispatcher.queue.push(new PoolTask(id, null, REQUEST, 0, () => {}));
  plan();
  const answer = (worker: WorkerId): void => {
    const load = dispatcher.loads.get(worker);
    const [first] = load?.outstanding.values() ?? [];
    if (load === undefined || first === undefined) throw new Error(`${worker} has nothing to answer`);
    load.remove(first.seq);
    load.answered += 1;
    while (load.begin() !== undefined);
    if (dispatcher.wantsMore(load)) plan();
    if (load.outstanding.size === 0) watch.relieve();
  };
  return { time, moves, looks, answer };
}

describe("slow task watch", () => {
  it("hands the task behind one of a millisecond over as soon as a worker is idle", () => {
    const { moves, answer } = team(1_020, 3);
    expect(moves.splice(0)).toEqual(["t=0 w1: 1 3", "t=0 w2: 2"]);
    answer("w2");
    expect(moves).toEqual(["t=0 taken back, 1 wait", "t=0 w2: 3"]);
  });

  it("leaves a batch of trivial tasks where it is when a worker is idle", () => {
    const { moves, answer } = team(10, 20);
    moves.splice(0);
    for (let count = 0; count < 10; count += 1) answer("w2");
    expect(moves).toEqual([]);
  });

  it("takes back what stands behind a slow task within two milliseconds when a worker is free", async () => {
    const { time, moves, answer } = team(10, 20);
    moves.splice(0);
    for (let count = 0; count < 10; count += 1) answer("w2");
    await time.run(2);
    expect(moves).toEqual(["t=2 taken back, 9 wait", "t=2 w2: 3 4 5 6 7"]);
  });

  it("takes it back when nobody is free too, once the slow task should have been over, before all others", async () => {
    const { time, moves, answer } = team(1_020, 14);
    expect(moves.splice(0)).toEqual(["t=0 w1: 1 3 4 5 6 7", "t=0 w2: 2 8 9 10 11 12"]);
    for (const atMs of [1, 2, 3]) {
      await time.run(atMs);
      answer("w2");
    }
    expect(moves.splice(0)).toEqual(["t=3 w2: 13"]);
    await time.run(4);
    expect(moves.splice(0)).toEqual(["t=4 taken back, 6 wait"]);
    for (let count = 0; count < 2; count += 1) answer("w2");
    expect(moves).toEqual(["t=4 w2: 3 4 5"]);
  });

  it("looks for results each millisecond while something stands behind a task, and no longer", async () => {
    const { time, looks, answer } = team(1_020, 3);
    expect(looks.splice(0)).toEqual(["t=0 w1", "t=0 w2"]);
    await time.run(1);
    expect(looks.splice(0)).toEqual(["t=1 w1", "t=1 w2"]);
    answer("w1");
    await time.run(2);
    expect(looks.splice(0)).toEqual(["t=2 w1", "t=2 w2", "t=2 w1, the last", "t=2 w2, the last"]);
    await time.run(1_000);
    expect(looks).toEqual([]);
  });

  it("rests while nothing stands behind anything", async () => {
    const { time, moves } = team(1_020, 2);
    moves.splice(0);
    await time.run(1_000);
    expect(moves).toEqual([]);
  });
});
