// A worker that drains, has answered everything and only waits for idle connections: it costs memory and no CPU.

import { describe, expect, it } from "vitest";
import { drive } from "./driver.ts";

describe("a worker that lingers", () => {
  it("holds no permit of the roll, which completes only when it is gone", () => {
    const world = drive({ desired: 4 }).start().fresh();
    world.at(100).restart(2).at(200).ready("w5").at(1_200).deadlines();
    world.worker("w1", { type: "WorkerDraining" }).worker("w1", { type: "WorkerLingering" });
    for (const [old, incoming] of [
      ["w2", "w6"],
      ["w3", "w7"],
      ["w4", "w8"],
    ] as const) {
      world.ready(incoming);
      world.worker(old, { type: "WorkerDraining" }).worker(old, { type: "WorkerLingering" });
    }
    expect(world.machine.snapshot(1_200)).toMatchObject({ ready: 4, roll: { replaced: 4, total: 4 } });
    for (const old of ["w1", "w2", "w3"] as const) world.at(6_000).exit(old);
    expect(world.settled.filter(({ type }) => type === "SettleRoll")).toEqual([]);
    world.at(6_100).exit("w4");
    expect(world.trace.at(-1)).toBe("t=6100 WorkerExited w4 g1 -> SettleRoll completed replaced=4");
  });

  it("one that still answers holds its permit: two of them stop a roll with maxSurge 1", () => {
    const world = drive({ desired: 4 }).start().fresh();
    world.at(100).restart(2).at(200).ready("w5").at(1_200).deadlines();
    world.ready("w6").fresh();
    world.worker("w1", { type: "WorkerDraining" }).worker("w2", { type: "WorkerDraining" });
    expect(world.trace.join()).not.toContain("SpawnWorker");
    world.worker("w2", { type: "WorkerLingering" });
    expect(world.trace.at(-1)).toBe("t=1200 WorkerLingering w2 g1 -> SpawnWorker w7 slot=2 g2");
  });

  it("gives its permit to a recycling as well", () => {
    const recycle = { requests: 10, jitter: 0, memoryBytes: null, ageMs: null, eventLoopDelayMs: null };
    const world = drive({ desired: 4, recycle }).start().fresh();
    for (const worker of ["w1", "w2", "w3"] as const) world.beat(worker, { requests: 10 });
    world.ready("w5").worker("w1", { type: "WorkerDraining" });
    world.ready("w6").worker("w2", { type: "WorkerDraining" }).fresh();
    world.worker("w1", { type: "WorkerLingering" });
    expect(world.trace).toEqual(["t=0 WorkerLingering w1 g1 -> SpawnWorker w7 slot=2 g1"]);
  });

  it("is shown as draining, and keeps its drain deadline", () => {
    const world = drive({ drainTimeoutMs: 5_000 })
      .start()
      .restart(2)
      .at(200)
      .ready("w3")
      .at(1_200)
      .deadlines();
    world.at(1_300).worker("w1", { type: "WorkerDraining" }).worker("w1", { type: "WorkerLingering" });
    const shown = world.machine.snapshot(1_300).workers.map(({ worker, state, lingering }) => ({
      worker,
      state,
      lingering,
    }));
    expect(shown).toContainEqual({ worker: "w1", state: "draining", lingering: true });
    expect(shown).toContainEqual({ worker: "w2", state: "ready", lingering: false });
    world.at(6_200).beat("w2").beat("w3").fresh().deadlines();
    expect(world.trace.at(-1)).toContain("KillWorker w1");
    world.exit("w1", null, "SIGKILL");
    expect(world.machine.world.counters.crashed).toBe(0);
  });

  it("its end is no crash, and a stop waits for it", () => {
    const world = drive({ desired: 1 }).start().fresh();
    world.step({ type: "StopRequested", now: false });
    world.worker("w1", { type: "WorkerDraining" }).worker("w1", { type: "WorkerLingering" });
    expect(world.trace.join()).not.toContain("SettleStop");
    world.worker("w1", { type: "WorkerBye" }).exit("w1");
    expect(world.trace.at(-1)).toBe("t=0 WorkerExited w1 g1 -> SettleStop");
    expect(world.machine.world.counters.crashed).toBe(0);
  });

  it("one that says so without having drained breaks the protocol", () => {
    const world = drive().start().fresh().worker("w1", { type: "WorkerLingering" });
    expect(world.trace).toEqual(["t=0 WorkerLingering w1 g1 -> KillWorker w1; SpawnWorker w3 slot=0 g1"]);
  });
});
