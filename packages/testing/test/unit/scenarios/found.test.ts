// What the random runs found in the machine before its first release, each as a script. Defects come back.

import { describe, expect, it } from "vitest";
import { release, Script, started, WAITING } from "./script.ts";

const NEVER = Number.POSITIVE_INFINITY;
const NO_LIMITS = { requests: null, jitter: 0, memoryBytes: null, ageMs: null, eventLoopDelayMs: null };

describe("found by the simulation", () => {
  it("two restarts while the service starts do not take the first generation's number away", async () => {
    const world = new Script({ desired: 1 });
    world.simulation.files.deploy(release("good"));
    world.simulation.client.start();
    world.act({ type: "restart" }).act({ type: "restart" });
    await world.run(5_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=0 StartRequested entry=/srv/current/server.js -> ResolveRelease gen=1
      t=0 # restart
      t=0 RestartRequested request=restart-2
      t=0 # restart
      t=0 RestartRequested request=restart-3 -> SettleRoll roll-2 superseded
      t=1 ReleaseResolved gen=1 entry=/srv/r1/server.js -> SpawnWorker worker=w1 slot=0 gen=1
      t=21 WorkerReported worker=w1 slot=0 gen=1 reported=w1/1 -> AdmitWorker worker=w1 slot=0 gen=1
      t=101 WorkerReady worker=w1 slot=0 gen=1 -> SettleStart, ResolveRelease gen=3
      t=102 ReleaseResolved gen=3 entry=/srv/r1/server.js -> SpawnWorker worker=w2 slot=0 gen=3
      t=122 WorkerReported worker=w2 slot=0 gen=3 reported=w2/3 -> AdmitWorker worker=w2 slot=0 gen=3
      t=202 WorkerReady worker=w2 slot=0 gen=3
      t=1202 DeadlinesReached -> DrainWorker worker=w1 slot=0 gen=1 deadline=31202
      t=1202 WorkerDraining worker=w1 slot=0 gen=1
      t=1213 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null -> SettleRoll roll-3 completed"
    `);
  });

  it("a stall forgives whoever was booting, also the one whose deadline was next", async () => {
    const world = await started({ desired: 1, bootTimeoutMs: 500 }, { bootMs: 300 });
    world.worker("w1").end(null, "SIGKILL");
    await world.run(100);
    world.act({ type: "stall", forMs: 10_000 }).act({ type: "freeze", victim: 0, forMs: 10_100 });
    await world.run(11_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1001 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w2 slot=0 gen=1
      t=1021 WorkerReported worker=w2 slot=0 gen=1 reported=w2/1 -> AdmitWorker worker=w2 slot=0 gen=1
      t=1100 # stall forMs=10000
      t=1100 # freeze victim=0 forMs=10100
      t=11200 WorkerReady worker=w2 slot=0 gen=1"
    `);
  });

  it("a worker that wakes up a moment after the supervisor is not killed for its silence", async () => {
    const world = await started({ desired: 1 });
    world.act({ type: "stall", forMs: 5_200 }).act({ type: "freeze", victim: 0, forMs: 5_210 });
    await world.run(20_000);
    expect(world.seats()).toBe("0:w1/g1 ready");
  });

  it("an empty slot that waits is filled when the canary has proven its generation", async () => {
    const world = await started({ desired: 4, maxSurge: 0, maxUnavailable: 1, minHealthyMs: 0 });
    await world.deploy("good").run(80);
    world.fresh().worker("w4").leave();
    await world.run(25);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1080 WorkerDraining worker=w4 slot=3 gen=1 -> DrainWorker worker=w4 slot=3 gen=1 deadline=31080
      t=1091 WorkerExited worker=w4 slot=3 gen=1 code=0 signal=null
      t=1101 WorkerReady worker=w5 slot=0 gen=2 -> SpawnWorker worker=w6 slot=3 gen=2"
    `);
  });

  it("empty slots get the generation that the canary proves in the same step", async () => {
    const world = await started({ desired: 1, minHealthyMs: 0, bootConcurrency: 1 });
    await world.deploy("good").run(50);
    await world.act({ type: "scale", desired: 2 }).run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w2 slot=0 gen=2
      t=1021 WorkerReported worker=w2 slot=0 gen=2 reported=w2/2 -> AdmitWorker worker=w2 slot=0 gen=2
      t=1050 # scale desired=2
      t=1050 ScaleRequested request=scale-3 desired=2
      t=1101 WorkerReady worker=w2 slot=0 gen=2 -> DrainWorker worker=w1 slot=0 gen=1 deadline=31101, SpawnWorker worker=w3 slot=1 gen=2
      t=1101 WorkerDraining worker=w1 slot=0 gen=1
      t=1112 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null
      t=1121 WorkerReported worker=w3 slot=1 gen=2 reported=w3/2 -> AdmitWorker worker=w3 slot=1 gen=2
      t=1201 WorkerReady worker=w3 slot=1 gen=2 -> SettleRoll roll-2 completed, SettleScale"
    `);
  });

  it("a silent canary beside a serving worker does not keep a permit of the kill budget", async () => {
    const world = await started({ desired: 1, heartbeatTimeoutMs: 300, minHealthyMs: 3_000 });
    await world.deploy("freezesWhenReady", { faultAfterMs: 0 }).run(1_000);
    world.fresh().worker("w1").gate.blockedUntilMs = NEVER;
    await world.run(1_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=2276 DeadlinesReached -> ExamineWorker worker=w1 slot=0 gen=1
      t=2351 DeadlinesReached -> KillWorker worker=w1 slot=0 gen=1
      t=2354 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL
      t=2401 DeadlinesReached -> SpawnWorker worker=w3 slot=0 gen=1
      t=2421 WorkerReported worker=w3 slot=0 gen=1 reported=w3/1 -> AdmitWorker worker=w3 slot=0 gen=1
      t=2501 WorkerReady worker=w3 slot=0 gen=1"
    `);
  });

  it("a release whose workers leave on their own fails the roll instead of sending canary after canary", async () => {
    const world = await started({ desired: 1 });
    await world.deploy("leavesWhenReady", { faultAfterMs: 100 }).run(5_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy leavesWhenReady helloMs=20 bootMs=80 drainMs=10 faultAfterMs=100 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w2 slot=0 gen=2
      t=1021 WorkerReported worker=w2 slot=0 gen=2 reported=w2/2 -> AdmitWorker worker=w2 slot=0 gen=2
      t=1101 WorkerReady worker=w2 slot=0 gen=2
      t=1201 WorkerDraining worker=w2 slot=0 gen=2 -> DrainWorker worker=w2 slot=0 gen=2 deadline=31201
      t=1212 WorkerExited worker=w2 slot=0 gen=2 code=0 signal=null -> SettleRoll roll-2 failed reason=BROOD_UNHEALTHY"
    `);
  });

  it("nobody is recycled before the service has started", async () => {
    const world = new Script({
      recycle: { ...NO_LIMITS, requests: 10 },
      bootConcurrency: 1,
      heartbeatTimeoutMs: 300,
    });
    world.simulation.files.deploy(release("good", { requestsPerSecond: 1_000, bootMs: 500 }));
    world.simulation.client.start();
    await world.run(1_050);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=0 StartRequested entry=/srv/current/server.js -> ResolveRelease gen=1
      t=1 ReleaseResolved gen=1 entry=/srv/r1/server.js -> SpawnWorker worker=w1 slot=0 gen=1
      t=21 WorkerReported worker=w1 slot=0 gen=1 reported=w1/1 -> AdmitWorker worker=w1 slot=0 gen=1
      t=521 WorkerReady worker=w1 slot=0 gen=1 -> SpawnWorker worker=w2 slot=1 gen=1
      t=541 WorkerReported worker=w2 slot=1 gen=1 reported=w2/1 -> AdmitWorker worker=w2 slot=1 gen=1
      t=1041 WorkerReady worker=w2 slot=1 gen=1 -> SettleStart"
    `);
  });

  it("recycling waits for a slot's back-off as well, and a limit of age is not forgotten meanwhile", async () => {
    const world = await started({ desired: 1, recycle: { ...NO_LIMITS, ageMs: 2_000 } });
    await world.act({ type: "spawnErrors", kind: "throws", forMs: 1_500 }).run(4_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # spawnErrors kind=throws forMs=1500
      t=2101 WorkerHeartbeat worker=w1 slot=0 gen=1 -> SpawnWorker worker=w2 slot=0 gen=1
      t=2101 WorkerSpawnFailed worker=w2 slot=0 gen=1
      t=4101 WorkerHeartbeat worker=w1 slot=0 gen=1 -> SpawnWorker worker=w3 slot=0 gen=1
      t=4121 WorkerReported worker=w3 slot=0 gen=1 reported=w3/1 -> AdmitWorker worker=w3 slot=0 gen=1
      t=4201 WorkerReady worker=w3 slot=0 gen=1 -> DrainWorker worker=w1 slot=0 gen=1 deadline=34201
      t=4201 WorkerDraining worker=w1 slot=0 gen=1
      t=4212 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null"
    `);
  });

  it("a worker that drains too slowly says nothing against its release", async () => {
    const world = new Script({ drainTimeoutMs: 0, minHealthyMs: 0, bootConcurrency: 1 });
    world.simulation.files.deploy(release("good"));
    world.simulation.client.start();
    await world.run(150);
    world.fresh().worker("w1").leave();
    await world.run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=150 WorkerDraining worker=w1 slot=0 gen=1 -> DrainWorker worker=w1 slot=0 gen=1 deadline=150
      t=150 DeadlinesReached -> KillWorker worker=w1 slot=0 gen=1
      t=153 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL
      t=201 WorkerReady worker=w2 slot=1 gen=1
      t=250 DeadlinesReached -> SpawnWorker worker=w3 slot=0 gen=1
      t=270 WorkerReported worker=w3 slot=0 gen=1 reported=w3/1 -> AdmitWorker worker=w3 slot=0 gen=1
      t=350 WorkerReady worker=w3 slot=0 gen=1 -> SettleStart"
    `);
  });

  it("a size is reached although workers are due for recycling all the time", async () => {
    const config = { desired: 1, maxSurge: 0, maxUnavailable: 1, heartbeatTimeoutMs: 300 };
    const world = await started(
      { ...config, recycle: { ...NO_LIMITS, requests: 1 } },
      { requestsPerSecond: 1_000 },
    );
    await world.act({ type: "scale", desired: 3 }).run(250);
    expect(
      world
        .trace()
        .split("\n")
        .filter((line) => line.includes("Settle")),
    ).toMatchInlineSnapshot(`
      [
        "t=1100 WorkerReady worker=w7 slot=2 gen=1 -> SettleScale",
      ]
    `);
  });

  it("empty slots whose workers boot in vain do not keep a canary from booting", async () => {
    const world = await started({ desired: 3, bootConcurrency: 1, bootTimeoutMs: 500 });
    world.act({ type: "edit", behaviour: release("bootHangs") });
    world.worker("w1").crash();
    world.worker("w2").crash();
    await world.run(5_000);
    await world.fresh().deploy("good").run(2_500);
    expect(world.outcome("restart")).toMatchObject({ result: "completed" });
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=6000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=6000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=6001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w14 slot=0 gen=2
      t=6001 DeadlinesReached -> KillWorker worker=w13 slot=1 gen=1
      t=6004 WorkerExited worker=w13 slot=1 gen=1 code=null signal=SIGKILL
      t=6021 WorkerReported worker=w14 slot=0 gen=2 reported=w14/2 -> AdmitWorker worker=w14 slot=0 gen=2
      t=6101 WorkerReady worker=w14 slot=0 gen=2
      t=6801 DeadlinesReached -> SpawnWorker worker=w15 slot=1 gen=1
      t=6821 WorkerReported worker=w15 slot=1 gen=1 reported=w15/1 -> AdmitWorker worker=w15 slot=1 gen=1
      t=7101 DeadlinesReached -> KillWorker worker=w15 slot=1 gen=1, SpawnWorker worker=w16 slot=2 gen=2
      t=7104 WorkerExited worker=w15 slot=1 gen=1 code=null signal=SIGKILL
      t=7121 WorkerReported worker=w16 slot=2 gen=2 reported=w16/2 -> AdmitWorker worker=w16 slot=2 gen=2
      t=7201 WorkerReady worker=w16 slot=2 gen=2 -> DrainWorker worker=w3 slot=2 gen=1 deadline=37201, SpawnWorker worker=w17 slot=1 gen=2
      t=7201 WorkerDraining worker=w3 slot=2 gen=1
      t=7212 WorkerExited worker=w3 slot=2 gen=1 code=0 signal=null
      t=7221 WorkerReported worker=w17 slot=1 gen=2 reported=w17/2 -> AdmitWorker worker=w17 slot=1 gen=2
      t=7301 WorkerReady worker=w17 slot=1 gen=2 -> SettleRoll roll-2 completed"
    `);
  });

  it("a template that tells of a worker late, after that was ready, breaks no protocol", async () => {
    const world = await started({ desired: 1, template: WAITING });
    world.act({ type: "templateDelay", victim: 0, delayMs: 100, forMs: 1_000 });
    world.worker("w1").end(null, "SIGKILL");
    await world.run(500);
    expect(world.seats()).toBe("0:w2/g1 ready");
    expect(world.simulation.machine.snapshot(world.now).workers[0]?.pid).toBe(world.worker("w2").makeup.pid);
  });

  it("a worker that was told to drain and is too slow says nothing against its template", async () => {
    const world = await started(
      {
        desired: 2,
        template: { fallback: "wait", failuresMax: 1 },
        drainTimeoutMs: 100,
        minHealthyMs: 3_000,
      },
      { kind: "neverDrains" },
    );
    await world.act({ type: "scale", desired: 1 }).run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # scale desired=1
      t=1000 ScaleRequested request=scale-2 desired=1 -> DrainWorker worker=w2 slot=1 gen=1 deadline=1100
      t=1000 WorkerDraining worker=w2 slot=1 gen=1
      t=1100 DeadlinesReached -> KillWorker worker=w2 slot=1 gen=1
      t=1103 WorkerExited worker=w2 slot=1 gen=1 code=null signal=SIGKILL -> SettleScale"
    `);
    expect(world.templates()).toBe("t1/g1 ready");
  });

  it("a template that is due again when its roll ends is not built only to be killed", async () => {
    const world = await started({ desired: 1, template: WAITING });
    world.act({ type: "edit", behaviour: release("bootThrows") }).act({ type: "templateKill", victim: 0 });
    world.worker("w1").end(null, "SIGKILL");
    await world.deploy("good").run(500);
    world.fresh().act({ type: "stall", forMs: 5_000 }).act({ type: "freeze", victim: 0, forMs: 5_100 });
    world.act({ type: "templateFreeze", victim: 0, forMs: 5_100 });
    await world.run(10_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1500 # stall forMs=5000
      t=1500 # freeze victim=0 forMs=5100
      t=1500 # templateFreeze victim=0 forMs=5100
      t=6500 DeadlinesReached -> SettleRoll roll-2 completed"
    `);
    expect(world.templates()).toBe("t3/g2 ready");
  });
});
