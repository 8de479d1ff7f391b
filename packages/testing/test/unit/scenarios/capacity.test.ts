// SCENARIOS.md, section D: capacity and draining.

import { describe, expect, it } from "vitest";
import { started } from "./script.ts";

describe("capacity", () => {
  it("D36: the new worker is ready before the old one drains, one slot after the other", async () => {
    const world = await started();
    await world.deploy("good").run(10_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w3 slot=0 gen=2
      t=1021 WorkerReported worker=w3 slot=0 gen=2 reported=w3/2 -> AdmitWorker worker=w3 slot=0 gen=2
      t=1101 WorkerReady worker=w3 slot=0 gen=2
      t=2001 DeadlinesReached -> SpawnWorker worker=w4 slot=1 gen=2
      t=2021 WorkerReported worker=w4 slot=1 gen=2 reported=w4/2
      t=2101 WorkerHeartbeat worker=w1 slot=0 gen=1 -> DrainWorker worker=w1 slot=0 gen=1 deadline=32101, AdmitWorker worker=w4 slot=1 gen=2
      t=2101 WorkerBooted worker=w4 slot=1 gen=2
      t=2101 WorkerDraining worker=w1 slot=0 gen=1
      t=2101 WorkerReady worker=w4 slot=1 gen=2 -> DrainWorker worker=w2 slot=1 gen=1 deadline=32101
      t=2101 WorkerDraining worker=w2 slot=1 gen=1
      t=2112 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null
      t=2112 WorkerExited worker=w2 slot=1 gen=1 code=0 signal=null -> SettleRoll roll-2 completed"
    `);
  });

  it("D37: a worker that never drains is killed at its deadline, and the roll goes on meanwhile", async () => {
    const world = await started({}, { kind: "neverDrains" });
    await world.deploy("good").run(60_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w3 slot=0 gen=2
      t=1021 WorkerReported worker=w3 slot=0 gen=2 reported=w3/2 -> AdmitWorker worker=w3 slot=0 gen=2
      t=1101 WorkerReady worker=w3 slot=0 gen=2
      t=2001 DeadlinesReached -> SpawnWorker worker=w4 slot=1 gen=2
      t=2021 WorkerReported worker=w4 slot=1 gen=2 reported=w4/2
      t=2101 WorkerHeartbeat worker=w1 slot=0 gen=1 -> DrainWorker worker=w1 slot=0 gen=1 deadline=32101, AdmitWorker worker=w4 slot=1 gen=2
      t=2101 WorkerBooted worker=w4 slot=1 gen=2
      t=2101 WorkerDraining worker=w1 slot=0 gen=1
      t=2101 WorkerReady worker=w4 slot=1 gen=2 -> DrainWorker worker=w2 slot=1 gen=1 deadline=32101
      t=2101 WorkerDraining worker=w2 slot=1 gen=1
      t=32101 DeadlinesReached -> KillWorker worker=w1 slot=0 gen=1, KillWorker worker=w2 slot=1 gen=1
      t=32104 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL
      t=32104 WorkerExited worker=w2 slot=1 gen=1 code=null signal=SIGKILL -> SettleRoll roll-2 completed"
    `);
    expect(world.simulation.machine.world.lastRoll?.killed).toBe(2);
  });

  it("D38: a worker that an operator ends during a roll gets one replacement, of the target", async () => {
    const world = await started({ desired: 4 });
    await world.deploy("good").run(1_150);
    world.fresh().worker("w4").leave();
    await world.run(5_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=2150 WorkerDraining worker=w4 slot=3 gen=1 -> DrainWorker worker=w4 slot=3 gen=1 deadline=32150, SpawnWorker worker=w8 slot=3 gen=2
      t=2161 WorkerExited worker=w4 slot=3 gen=1 code=0 signal=null
      t=2170 WorkerReported worker=w8 slot=3 gen=2 reported=w8/2 -> AdmitWorker worker=w8 slot=3 gen=2
      t=2212 WorkerReady worker=w7 slot=2 gen=2 -> DrainWorker worker=w3 slot=2 gen=1 deadline=32212
      t=2212 WorkerDraining worker=w3 slot=2 gen=1
      t=2223 WorkerExited worker=w3 slot=2 gen=1 code=0 signal=null
      t=2250 WorkerReady worker=w8 slot=3 gen=2 -> SettleRoll roll-2 completed"
    `);
  });

  it("D39: a resize during a roll takes the oldest generation first, and the roll completes", async () => {
    const world = await started({ desired: 4 });
    await world.deploy("good").run(1_150);
    await world.fresh().act({ type: "scale", desired: 3 }).run(5_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=2150 # scale desired=3
      t=2150 ScaleRequested request=scale-3 desired=3 -> DrainWorker worker=w4 slot=3 gen=1 deadline=32150
      t=2150 WorkerDraining worker=w4 slot=3 gen=1
      t=2161 WorkerExited worker=w4 slot=3 gen=1 code=0 signal=null -> SettleScale
      t=2212 WorkerReady worker=w7 slot=2 gen=2 -> DrainWorker worker=w3 slot=2 gen=1 deadline=32212
      t=2212 WorkerDraining worker=w3 slot=2 gen=1
      t=2223 WorkerExited worker=w3 slot=2 gen=1 code=0 signal=null -> SettleRoll roll-2 completed"
    `);
  });

  it("D39: a smaller size closes the slots where nobody serves first", async () => {
    const world = await started();
    world.worker("w1").end(null, "SIGKILL");
    await world.run(50);
    await world.fresh().act({ type: "scale", desired: 1 }).run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1050 # scale desired=1
      t=1050 ScaleRequested request=scale-2 desired=1 -> KillWorker worker=w3 slot=0 gen=1
      t=1053 WorkerExited worker=w3 slot=0 gen=1 code=null signal=SIGKILL -> SettleScale"
    `);
  });

  it("D40: workers that reach their limit together are recycled one at a time", async () => {
    const recycle = { requests: 100, jitter: 0, memoryBytes: null, ageMs: null, eventLoopDelayMs: null };
    const world = await started({ recycle }, { requestsPerSecond: 50 });
    await world.run(1_500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=2101 WorkerHeartbeat worker=w1 slot=0 gen=1 -> SpawnWorker worker=w3 slot=0 gen=1
      t=2121 WorkerReported worker=w3 slot=0 gen=1 reported=w3/1 -> AdmitWorker worker=w3 slot=0 gen=1
      t=2201 WorkerReady worker=w3 slot=0 gen=1 -> DrainWorker worker=w1 slot=0 gen=1 deadline=32201, SpawnWorker worker=w4 slot=1 gen=1
      t=2201 WorkerDraining worker=w1 slot=0 gen=1
      t=2212 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null
      t=2221 WorkerReported worker=w4 slot=1 gen=1 reported=w4/1 -> AdmitWorker worker=w4 slot=1 gen=1
      t=2301 WorkerReady worker=w4 slot=1 gen=1 -> DrainWorker worker=w2 slot=1 gen=1 deadline=32301
      t=2301 WorkerDraining worker=w2 slot=1 gen=1
      t=2312 WorkerExited worker=w2 slot=1 gen=1 code=0 signal=null"
    `);
  });

  it("D41: a pause of the whole host kills nobody", async () => {
    const world = await started({ desired: 4 });
    await world.act({ type: "hostPause", forMs: 60_000 }).run(70_000);
    expect(world.trace()).toMatchInlineSnapshot(`"t=1000 # hostPause forMs=60000"`);
  });

  it("D41: when every worker is silent, a quarter of them is replaced at a time", async () => {
    const world = await started({ desired: 4 });
    for (const id of ["w1", "w2", "w3", "w4"] as const)
      world.worker(id).gate.blockedUntilMs = Number.POSITIVE_INFINITY;
    await world.run(9_500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=7101 DeadlinesReached -> ExamineWorker worker=w4 slot=3 gen=1, ExamineWorker worker=w2 slot=1 gen=1, ExamineWorker worker=w1 slot=0 gen=1, ExamineWorker worker=w3 slot=2 gen=1
      t=7351 DeadlinesReached -> KillWorker worker=w1 slot=0 gen=1, SpawnWorker worker=w5 slot=0 gen=1
      t=7354 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL
      t=7371 WorkerReported worker=w5 slot=0 gen=1 reported=w5/1 -> AdmitWorker worker=w5 slot=0 gen=1
      t=7451 WorkerReady worker=w5 slot=0 gen=1
      t=8351 DeadlinesReached -> KillWorker worker=w3 slot=2 gen=1, SpawnWorker worker=w6 slot=2 gen=1
      t=8354 WorkerExited worker=w3 slot=2 gen=1 code=null signal=SIGKILL
      t=8371 WorkerReported worker=w6 slot=2 gen=1 reported=w6/1 -> AdmitWorker worker=w6 slot=2 gen=1
      t=8451 WorkerReady worker=w6 slot=2 gen=1
      t=9351 DeadlinesReached -> KillWorker worker=w2 slot=1 gen=1, SpawnWorker worker=w7 slot=1 gen=1
      t=9354 WorkerExited worker=w2 slot=1 gen=1 code=null signal=SIGKILL
      t=9371 WorkerReported worker=w7 slot=1 gen=1 reported=w7/1 -> AdmitWorker worker=w7 slot=1 gen=1
      t=9451 WorkerReady worker=w7 slot=1 gen=1
      t=10351 DeadlinesReached -> KillWorker worker=w4 slot=3 gen=1, SpawnWorker worker=w8 slot=3 gen=1
      t=10354 WorkerExited worker=w4 slot=3 gen=1 code=null signal=SIGKILL
      t=10371 WorkerReported worker=w8 slot=3 gen=1 reported=w8/1 -> AdmitWorker worker=w8 slot=3 gen=1
      t=10451 WorkerReady worker=w8 slot=3 gen=1"
    `);
  });
});
