// SCENARIOS.md, section C: what a bad release can do, and what it cannot.

import { describe, expect, it } from "vitest";
import { release, started } from "./script.ts";

describe("a bad release", () => {
  it("C27: that throws on boot costs one canary, and the caller learns why", async () => {
    const world = await started({ desired: 4 });
    await world.deploy("bootThrows").run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy bootThrows helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w5 slot=0 gen=2
      t=1021 WorkerReported worker=w5 slot=0 gen=2 reported=w5/2 -> AdmitWorker worker=w5 slot=0 gen=2
      t=1101 WorkerFailed worker=w5 slot=0 gen=2 code=BROOD_BOOT_FAILED
      t=1102 WorkerExited worker=w5 slot=0 gen=2 code=1 signal=null -> SettleRoll roll-2 failed reason=BROOD_BOOT_FAILED"
    `);
    expect(world.outcome("restart")).toMatchInlineSnapshot(`
      {
        "code": "BROOD_BOOT_FAILED",
        "message": "worker=w5 slot=0 gen=2 failed to boot: Error: simulated",
        "result": "failed",
      }
    `);
  });

  it("C28: that crashes soon after it was ready never gets past the canary", async () => {
    const world = await started({ desired: 4 });
    await world.deploy("crashesWhenReady", { faultAfterMs: 500 }).run(5_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy crashesWhenReady helloMs=20 bootMs=80 drainMs=10 faultAfterMs=500 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w5 slot=0 gen=2
      t=1021 WorkerReported worker=w5 slot=0 gen=2 reported=w5/2 -> AdmitWorker worker=w5 slot=0 gen=2
      t=1101 WorkerReady worker=w5 slot=0 gen=2
      t=1601 WorkerFailed worker=w5 slot=0 gen=2 code=BROOD_WORKER_EXITED
      t=1602 WorkerExited worker=w5 slot=0 gen=2 code=1 signal=null -> SettleRoll roll-2 failed reason=BROOD_WORKER_EXITED"
    `);
  });

  it("C28: that crashes again and again after minHealthyMs fails the roll as well", async () => {
    const world = await started({ maxFailures: 2 }, { drainMs: 20_000 });
    await world.deploy("crashesWhenReady", { faultAfterMs: 1_200 }).run(10_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy crashesWhenReady helloMs=20 bootMs=80 drainMs=10 faultAfterMs=1200 byPath=false
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
      t=2301 WorkerFailed worker=w3 slot=0 gen=2 code=BROOD_WORKER_EXITED
      t=2302 WorkerExited worker=w3 slot=0 gen=2 code=1 signal=null -> SpawnWorker worker=w5 slot=0 gen=2
      t=2322 WorkerReported worker=w5 slot=0 gen=2 reported=w5/2 -> AdmitWorker worker=w5 slot=0 gen=2
      t=2402 WorkerReady worker=w5 slot=0 gen=2
      t=3301 WorkerFailed worker=w4 slot=1 gen=2 code=BROOD_WORKER_EXITED
      t=3302 WorkerExited worker=w4 slot=1 gen=2 code=1 signal=null -> SpawnWorker worker=w6 slot=1 gen=2
      t=3322 WorkerReported worker=w6 slot=1 gen=2 reported=w6/2 -> AdmitWorker worker=w6 slot=1 gen=2
      t=3402 WorkerReady worker=w6 slot=1 gen=2
      t=3602 WorkerFailed worker=w5 slot=0 gen=2 code=BROOD_WORKER_EXITED
      t=3603 WorkerExited worker=w5 slot=0 gen=2 code=1 signal=null
      t=3653 DeadlinesReached -> SpawnWorker worker=w7 slot=0 gen=2
      t=3673 WorkerReported worker=w7 slot=0 gen=2 reported=w7/2 -> AdmitWorker worker=w7 slot=0 gen=2
      t=3753 WorkerReady worker=w7 slot=0 gen=2
      t=4602 WorkerFailed worker=w6 slot=1 gen=2 code=BROOD_WORKER_EXITED
      t=4603 WorkerExited worker=w6 slot=1 gen=2 code=1 signal=null -> SpawnWorker worker=w8 slot=0 gen=1, SpawnWorker worker=w9 slot=1 gen=1
      t=4623 WorkerReported worker=w8 slot=0 gen=1 reported=w8/1 -> AdmitWorker worker=w8 slot=0 gen=1
      t=4623 WorkerReported worker=w9 slot=1 gen=1 reported=w9/1 -> AdmitWorker worker=w9 slot=1 gen=1
      t=4703 WorkerReady worker=w8 slot=0 gen=1 -> DrainWorker worker=w7 slot=0 gen=2 deadline=34703
      t=4703 WorkerReady worker=w9 slot=1 gen=1
      t=4703 WorkerDraining worker=w7 slot=0 gen=2
      t=4714 WorkerExited worker=w7 slot=0 gen=2 code=0 signal=null -> SettleRoll roll-2 failed reason=BROOD_WORKER_EXITED"
    `);
  });

  it("C29: that hangs on boot fails at the boot deadline", async () => {
    const world = await started();
    await world.deploy("bootHangs").run(40_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy bootHangs helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w3 slot=0 gen=2
      t=1021 WorkerReported worker=w3 slot=0 gen=2 reported=w3/2 -> AdmitWorker worker=w3 slot=0 gen=2
      t=31001 DeadlinesReached -> KillWorker worker=w3 slot=0 gen=2
      t=31004 WorkerExited worker=w3 slot=0 gen=2 code=null signal=SIGKILL -> SettleRoll roll-2 failed reason=BROOD_BOOT_TIMEOUT"
    `);
  });

  it("C30: whose hook fails before it opens never takes an old worker down", async () => {
    const world = await started();
    await world.deploy("openFails").run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy openFails helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w3 slot=0 gen=2
      t=1021 WorkerReported worker=w3 slot=0 gen=2 reported=w3/2 -> AdmitWorker worker=w3 slot=0 gen=2
      t=1101 WorkerFailed worker=w3 slot=0 gen=2 code=BROOD_BOOT_FAILED
      t=1102 WorkerExited worker=w3 slot=0 gen=2 code=1 signal=null -> SettleRoll roll-2 failed reason=BROOD_BOOT_FAILED"
    `);
  });

  it("C31: an old worker that crashes after a failed roll comes back on the last good generation", async () => {
    const world = await started();
    await world.deploy("bootExits").run(500);
    world.fresh().worker("w2").crash();
    await world.run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1500 WorkerFailed worker=w2 slot=1 gen=1 code=BROOD_WORKER_EXITED
      t=1501 WorkerExited worker=w2 slot=1 gen=1 code=1 signal=null -> SpawnWorker worker=w4 slot=1 gen=1
      t=1521 WorkerReported worker=w4 slot=1 gen=1 reported=w4/1 -> AdmitWorker worker=w4 slot=1 gen=1
      t=1601 WorkerReady worker=w4 slot=1 gen=1"
    `);
  });

  it("C32: a rollback in the middle of a roll is a roll of its own to the earlier release", async () => {
    const world = await started({ desired: 3 });
    await world.deploy("good").run(1_150);
    await world.fresh().act({ type: "rollback", back: 1 }).run(10_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=2150 # rollback back=1
      t=2150 RestartRequested request=restart-3 entry=/srv/r1/server.js -> KillWorker worker=w6 slot=2 gen=2, SettleRoll roll-2 superseded, ResolveRelease gen=3
      t=2151 ReleaseResolved gen=3 entry=/srv/r1/server.js -> SpawnWorker worker=w7 slot=0 gen=3
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
    expect(world.worker("w9").makeup.release.entry).toBe("/srv/r1/server.js");
  });

  it("C33: that cannot be resolved signals no worker", async () => {
    const world = await started();
    await world.act({ type: "resolveErrors", forMs: 100 }).deploy("good").run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # resolveErrors forMs=100
      t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseRejected gen=2 code=BROOD_RELEASE_NOT_FOUND -> SettleRoll roll-2 failed reason=BROOD_RELEASE_NOT_FOUND"
    `);
  });

  it("C33: on a file system that does not answer fails at a deadline, too", async () => {
    const world = await started();
    await world
      .act({ type: "slowResolve", delayMs: Number.POSITIVE_INFINITY, forMs: 1 })
      .deploy("good")
      .run(40_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # slowResolve delayMs=Infinity forMs=1
      t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=31000 DeadlinesReached -> SettleRoll roll-2 failed reason=BROOD_RELEASE_NOT_FOUND"
    `);
  });

  it("C34: a slot that crashes again and again backs off, and the others do not notice", async () => {
    const world = await started();
    world.act({ type: "edit", behaviour: release("bootThrows") });
    world.worker("w1").crash();
    await world.run(4_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # edit bootThrows helloMs=20 bootMs=80 drainMs=10
      t=1000 WorkerFailed worker=w1 slot=0 gen=1 code=BROOD_WORKER_EXITED
      t=1001 WorkerExited worker=w1 slot=0 gen=1 code=1 signal=null -> SpawnWorker worker=w3 slot=0 gen=1
      t=1021 WorkerReported worker=w3 slot=0 gen=1 reported=w3/1 -> AdmitWorker worker=w3 slot=0 gen=1
      t=1101 WorkerFailed worker=w3 slot=0 gen=1 code=BROOD_BOOT_FAILED
      t=1102 WorkerExited worker=w3 slot=0 gen=1 code=1 signal=null
      t=1152 DeadlinesReached -> SpawnWorker worker=w4 slot=0 gen=1
      t=1172 WorkerReported worker=w4 slot=0 gen=1 reported=w4/1 -> AdmitWorker worker=w4 slot=0 gen=1
      t=1252 WorkerFailed worker=w4 slot=0 gen=1 code=BROOD_BOOT_FAILED
      t=1253 WorkerExited worker=w4 slot=0 gen=1 code=1 signal=null
      t=1353 DeadlinesReached -> SpawnWorker worker=w5 slot=0 gen=1
      t=1373 WorkerReported worker=w5 slot=0 gen=1 reported=w5/1 -> AdmitWorker worker=w5 slot=0 gen=1
      t=1453 WorkerFailed worker=w5 slot=0 gen=1 code=BROOD_BOOT_FAILED
      t=1454 WorkerExited worker=w5 slot=0 gen=1 code=1 signal=null
      t=1654 DeadlinesReached -> SpawnWorker worker=w6 slot=0 gen=1
      t=1674 WorkerReported worker=w6 slot=0 gen=1 reported=w6/1 -> AdmitWorker worker=w6 slot=0 gen=1
      t=1754 WorkerFailed worker=w6 slot=0 gen=1 code=BROOD_BOOT_FAILED
      t=1755 WorkerExited worker=w6 slot=0 gen=1 code=1 signal=null
      t=2155 DeadlinesReached -> SpawnWorker worker=w7 slot=0 gen=1
      t=2175 WorkerReported worker=w7 slot=0 gen=1 reported=w7/1 -> AdmitWorker worker=w7 slot=0 gen=1
      t=2255 WorkerFailed worker=w7 slot=0 gen=1 code=BROOD_BOOT_FAILED
      t=2256 WorkerExited worker=w7 slot=0 gen=1 code=1 signal=null
      t=3056 DeadlinesReached -> SpawnWorker worker=w8 slot=0 gen=1
      t=3076 WorkerReported worker=w8 slot=0 gen=1 reported=w8/1 -> AdmitWorker worker=w8 slot=0 gen=1
      t=3156 WorkerFailed worker=w8 slot=0 gen=1 code=BROOD_BOOT_FAILED
      t=3157 WorkerExited worker=w8 slot=0 gen=1 code=1 signal=null
      t=4757 DeadlinesReached -> SpawnWorker worker=w9 slot=0 gen=1
      t=4777 WorkerReported worker=w9 slot=0 gen=1 reported=w9/1 -> AdmitWorker worker=w9 slot=0 gen=1
      t=4857 WorkerFailed worker=w9 slot=0 gen=1 code=BROOD_BOOT_FAILED
      t=4858 WorkerExited worker=w9 slot=0 gen=1 code=1 signal=null"
    `);
    expect(world.simulation.machine.snapshot(world.now).state).toBe("degraded");
  });
});
