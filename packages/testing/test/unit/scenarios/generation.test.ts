// SCENARIOS.md, section A: which code a worker really runs.

import { describe, expect, it } from "vitest";
import { release, started } from "./script.ts";

describe("generation truth", () => {
  it("A4: a worker that reports another generation is killed, counted and never current", async () => {
    const world = await started();
    world.deploy("good").simulation.fleet.mistake("generation");
    await world.run(200);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w3 slot=0 gen=2
      t=1021 WorkerReported worker=w3 slot=0 gen=2 reported=w3/1 -> KillWorker worker=w3 slot=0 gen=2
      t=1024 WorkerExited worker=w3 slot=0 gen=2 code=null signal=SIGKILL -> SettleRoll roll-2 failed reason=BROOD_GENERATION_MISMATCH"
    `);
    expect(world.simulation.machine.world.counters.mismatched).toBe(1);
    expect(world.outcome("restart")).toMatchInlineSnapshot(`
      {
        "code": "BROOD_GENERATION_MISMATCH",
        "message": "worker=w3 slot=0 gen=2 reported worker=w3 gen=1 entry=/srv/r1/server.js instead, and was killed.",
        "result": "failed",
      }
    `);
  });

  it("A5: a deploy during a roll supersedes it, and no slot ends on the generation in between", async () => {
    const world = await started({ desired: 3 });
    await world.deploy("good").run(1_150);
    await world.deploy("good").run(10_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w4 slot=0 gen=2
      t=1021 WorkerReported worker=w4 slot=0 gen=2 reported=w4/2 -> AdmitWorker worker=w4 slot=0 gen=2
      t=1101 WorkerReady worker=w4 slot=0 gen=2
      t=2001 DeadlinesReached -> SpawnWorker worker=w5 slot=1 gen=2
      t=2021 WorkerReported worker=w5 slot=1 gen=2 reported=w5/2
      t=2101 WorkerHeartbeat worker=w1 slot=0 gen=1 -> DrainWorker worker=w1 slot=0 gen=1 deadline=32101, AdmitWorker worker=w5 slot=1 gen=2
      t=2101 WorkerBooted worker=w5 slot=1 gen=2
      t=2101 WorkerDraining worker=w1 slot=0 gen=1
      t=2101 WorkerReady worker=w5 slot=1 gen=2 -> DrainWorker worker=w2 slot=1 gen=1 deadline=32101
      t=2101 WorkerDraining worker=w2 slot=1 gen=1
      t=2112 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null -> SpawnWorker worker=w6 slot=2 gen=2
      t=2112 WorkerExited worker=w2 slot=1 gen=1 code=0 signal=null
      t=2132 WorkerReported worker=w6 slot=2 gen=2 reported=w6/2 -> AdmitWorker worker=w6 slot=2 gen=2
      t=2150 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=2150 RestartRequested request=restart-3 entry=/srv/current/server.js -> KillWorker worker=w6 slot=2 gen=2, SettleRoll roll-2 superseded, ResolveRelease gen=3
      t=2151 ReleaseResolved gen=3 entry=/srv/r3/server.js -> SpawnWorker worker=w7 slot=0 gen=3
      t=2153 WorkerExited worker=w6 slot=2 gen=2 code=null signal=SIGKILL
      t=2171 WorkerReported worker=w7 slot=0 gen=3 reported=w7/3 -> AdmitWorker worker=w7 slot=0 gen=3
      t=2251 WorkerReady worker=w7 slot=0 gen=3
      t=3151 DeadlinesReached -> SpawnWorker worker=w8 slot=1 gen=3
      t=3171 WorkerReported worker=w8 slot=1 gen=3 reported=w8/3
      t=3251 WorkerBooted worker=w8 slot=1 gen=3 -> DrainWorker worker=w4 slot=0 gen=2 deadline=33251, AdmitWorker worker=w8 slot=1 gen=3
      t=3251 WorkerDraining worker=w4 slot=0 gen=2
      t=3251 WorkerReady worker=w8 slot=1 gen=3 -> DrainWorker worker=w5 slot=1 gen=2 deadline=33251
      t=3251 WorkerDraining worker=w5 slot=1 gen=2
      t=3262 WorkerExited worker=w4 slot=0 gen=2 code=0 signal=null -> SpawnWorker worker=w9 slot=2 gen=3
      t=3262 WorkerExited worker=w5 slot=1 gen=2 code=0 signal=null
      t=3282 WorkerReported worker=w9 slot=2 gen=3 reported=w9/3 -> AdmitWorker worker=w9 slot=2 gen=3
      t=3362 WorkerReady worker=w9 slot=2 gen=3 -> DrainWorker worker=w3 slot=2 gen=1 deadline=33362
      t=3362 WorkerDraining worker=w3 slot=2 gen=1
      t=3373 WorkerExited worker=w3 slot=2 gen=1 code=0 signal=null -> SettleRoll roll-3 completed"
    `);
    expect(world.seats()).toMatchInlineSnapshot(`"0:w7/g3 ready, 1:w8/g3 ready, 2:w9/g3 ready"`);
  });

  it("A6: two restarts in the same tick get an answer each", async () => {
    const world = await started({ desired: 1 });
    await world.act({ type: "restart" }).deploy("good").run(5_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # restart
      t=1000 RestartRequested request=restart-2 -> ResolveRelease gen=2
      t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-3 entry=/srv/current/server.js -> SettleRoll roll-2 superseded, ResolveRelease gen=3
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js
      t=1001 ReleaseResolved gen=3 entry=/srv/r2/server.js -> SpawnWorker worker=w2 slot=0 gen=3
      t=1021 WorkerReported worker=w2 slot=0 gen=3 reported=w2/3 -> AdmitWorker worker=w2 slot=0 gen=3
      t=1101 WorkerReady worker=w2 slot=0 gen=3
      t=2101 WorkerHeartbeat worker=w1 slot=0 gen=1 -> DrainWorker worker=w1 slot=0 gen=1 deadline=32101
      t=2101 WorkerDraining worker=w1 slot=0 gen=1
      t=2112 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null -> SettleRoll roll-3 completed"
    `);
  });

  it("A9: a respawn that finds other files than its generation pinned is refused, and said so", async () => {
    const world = await started({ desired: 1, onReleaseChanged: "refuse" });
    world.act({ type: "edit", behaviour: release("good") });
    world.worker("w1").crash();
    await world.run(100);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # edit good helloMs=20 bootMs=80 drainMs=10
      t=1000 WorkerFailed worker=w1 slot=0 gen=1 code=BROOD_WORKER_EXITED
      t=1001 WorkerExited worker=w1 slot=0 gen=1 code=1 signal=null -> SpawnWorker worker=w2 slot=0 gen=1
      t=1021 WorkerReported worker=w2 slot=0 gen=1 reported=w2/1 -> KillWorker worker=w2 slot=0 gen=1
      t=1024 WorkerExited worker=w2 slot=0 gen=1 code=null signal=SIGKILL
      t=1071 DeadlinesReached -> SpawnWorker worker=w3 slot=0 gen=1
      t=1091 WorkerReported worker=w3 slot=0 gen=1 reported=w3/1 -> KillWorker worker=w3 slot=0 gen=1
      t=1094 WorkerExited worker=w3 slot=0 gen=1 code=null signal=SIGKILL"
    `);
  });

  it("A10: a symlink that has moved changes nothing for respawns of the pinned release", async () => {
    const world = await started({ desired: 1 });
    world.simulation.files.deploy(release("bootThrows"));
    world.worker("w1").end(null, "SIGKILL");
    await world.run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1001 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w2 slot=0 gen=1
      t=1021 WorkerReported worker=w2 slot=0 gen=1 reported=w2/1 -> AdmitWorker worker=w2 slot=0 gen=1
      t=1101 WorkerReady worker=w2 slot=0 gen=1"
    `);
    expect(world.worker("w2").makeup.release.entry).toBe("/srv/r1/server.js");
  });

  it("A11: a roll is not completed while one old worker still lives", async () => {
    const world = await started({ desired: 1 }, { kind: "neverDrains" });
    await world.deploy("good").run(20_000);
    expect(world.outcome("restart")).toBe("pending");
    await world.run(20_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w2 slot=0 gen=2
      t=1021 WorkerReported worker=w2 slot=0 gen=2 reported=w2/2 -> AdmitWorker worker=w2 slot=0 gen=2
      t=1101 WorkerReady worker=w2 slot=0 gen=2
      t=2101 WorkerHeartbeat worker=w1 slot=0 gen=1 -> DrainWorker worker=w1 slot=0 gen=1 deadline=32101
      t=2101 WorkerDraining worker=w1 slot=0 gen=1
      t=32101 DeadlinesReached -> KillWorker worker=w1 slot=0 gen=1
      t=32104 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SettleRoll roll-2 completed"
    `);
  });

  it("A12: a release that resolves after a newer restart was asked for is dropped", async () => {
    const world = await started({ desired: 1 });
    world.act({ type: "slowResolve", delayMs: 500, forMs: 1 }).act({ type: "restart" });
    await world.run(100);
    await world.deploy("good").run(5_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # slowResolve delayMs=500 forMs=1
      t=1000 # restart
      t=1000 RestartRequested request=restart-2 -> ResolveRelease gen=2
      t=1100 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1100 RestartRequested request=restart-3 entry=/srv/current/server.js -> SettleRoll roll-2 superseded, ResolveRelease gen=3
      t=1101 ReleaseResolved gen=3 entry=/srv/r2/server.js -> SpawnWorker worker=w2 slot=0 gen=3
      t=1121 WorkerReported worker=w2 slot=0 gen=3 reported=w2/3 -> AdmitWorker worker=w2 slot=0 gen=3
      t=1201 WorkerReady worker=w2 slot=0 gen=3
      t=1500 ReleaseResolved gen=2 entry=/srv/r2/server.js
      t=2201 DeadlinesReached -> DrainWorker worker=w1 slot=0 gen=1 deadline=32201
      t=2201 WorkerDraining worker=w1 slot=0 gen=1
      t=2212 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null -> SettleRoll roll-3 completed"
    `);
  });

  it("A12: what a dead worker had said before is dropped when it comes late", async () => {
    const world = await started({ desired: 1 });
    world.act({ type: "overtakingExit", victim: 0, delayMs: 200 });
    world.worker("w1").leave();
    await world.run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # overtakingExit victim=0 delayMs=200
      t=1011 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null -> SpawnWorker worker=w2 slot=0 gen=1
      t=1031 WorkerReported worker=w2 slot=0 gen=1 reported=w2/1 -> AdmitWorker worker=w2 slot=0 gen=1
      t=1111 WorkerReady worker=w2 slot=0 gen=1
      t=1200 WorkerDraining worker=w1 slot=0 gen=1 -> dropped: stale
      t=1210 WorkerBye worker=w1 slot=0 gen=1 -> dropped: stale"
    `);
  });
});
