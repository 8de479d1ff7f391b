// SCENARIOS.md, sections B and F, and 58 and 59: the operating system, the link, and processes that do not cooperate.

import { describe, expect, it } from "vitest";
import { release, Script, started } from "./script.ts";

describe("process control", () => {
  it("B19: a process that cannot be started is tried again with a back-off", async () => {
    const world = await started({ desired: 1 });
    world.act({ type: "spawnErrors", kind: "throws", forMs: 300 }).worker("w1").end(null, "SIGKILL");
    await world.run(1_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # spawnErrors kind=throws forMs=300
      t=1001 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w2 slot=0 gen=1
      t=1001 WorkerSpawnFailed worker=w2 slot=0 gen=1
      t=1051 DeadlinesReached -> SpawnWorker worker=w3 slot=0 gen=1
      t=1051 WorkerSpawnFailed worker=w3 slot=0 gen=1
      t=1151 DeadlinesReached -> SpawnWorker worker=w4 slot=0 gen=1
      t=1151 WorkerSpawnFailed worker=w4 slot=0 gen=1
      t=1351 DeadlinesReached -> SpawnWorker worker=w5 slot=0 gen=1
      t=1371 WorkerReported worker=w5 slot=0 gen=1 reported=w5/1 -> AdmitWorker worker=w5 slot=0 gen=1
      t=1451 WorkerReady worker=w5 slot=0 gen=1"
    `);
  });

  it("B23: a stop while the service starts wins, and the start is told", async () => {
    const world = new Script({});
    world.simulation.files.deploy(release("good"));
    world.simulation.client.start();
    await world.run(50);
    await world.act({ type: "stop", now: false }).run(100);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=0 StartRequested entry=/srv/current/server.js -> ResolveRelease gen=1
      t=1 ReleaseResolved gen=1 entry=/srv/r1/server.js -> SpawnWorker worker=w1 slot=0 gen=1, SpawnWorker worker=w2 slot=1 gen=1
      t=21 WorkerReported worker=w1 slot=0 gen=1 reported=w1/1 -> AdmitWorker worker=w1 slot=0 gen=1
      t=21 WorkerReported worker=w2 slot=1 gen=1 reported=w2/1 -> AdmitWorker worker=w2 slot=1 gen=1
      t=50 # stop now=false
      t=50 StopRequested now=false -> KillWorker worker=w1 slot=0 gen=1, KillWorker worker=w2 slot=1 gen=1
      t=53 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL
      t=53 WorkerExited worker=w2 slot=1 gen=1 code=null signal=SIGKILL -> SettleStart reason=BROOD_ROLL_STOPPED, SettleStop"
    `);
    expect(world.outcome("start")).toMatchInlineSnapshot(`
      {
        "code": "BROOD_ROLL_STOPPED",
        "message": "The service was stopped before this had ended. Start it again, then repeat it.",
        "result": undefined,
      }
    `);
  });

  it("B24: a restart during the stop is refused with a reason", async () => {
    const world = await started({ desired: 1 });
    await world.act({ type: "stop", now: false }).act({ type: "restart" }).run(100);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # stop now=false
      t=1000 StopRequested now=false -> DrainWorker worker=w1 slot=0 gen=1 deadline=31000
      t=1000 # restart
      t=1000 RestartRequested request=restart-3 -> SettleRoll roll-2 failed reason=BROOD_ROLL_STOPPED
      t=1000 WorkerDraining worker=w1 slot=0 gen=1
      t=1011 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null -> SettleStop"
    `);
  });

  it("F52: a doubled message is dropped; a lost one ends the worker, and it is replaced once", async () => {
    const world = await started({ desired: 1 });
    world.act({ type: "wire", victim: 0, kind: "duplicate", to: "supervisor" });
    await world.run(4_000);
    expect(world.trace()).toMatchInlineSnapshot(`"t=1000 # wire victim=0 kind=duplicate to=supervisor"`);
    await world.act({ type: "wire", victim: 0, kind: "lose", to: "supervisor" }).run(4_500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # wire victim=0 kind=duplicate to=supervisor
      t=5000 # wire victim=0 kind=lose to=supervisor
      t=8101 WorkerViolated worker=w1 slot=0 gen=1 frame 6 after 4: one was lost -> KillWorker worker=w1 slot=0 gen=1, SpawnWorker worker=w2 slot=0 gen=1
      t=8104 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL
      t=8121 WorkerReported worker=w2 slot=0 gen=1 reported=w2/1 -> AdmitWorker worker=w2 slot=0 gen=1
      t=8201 WorkerReady worker=w2 slot=0 gen=1"
    `);
  });

  it("F53: a worker that cannot take the drain message is killed at its deadline", async () => {
    const world = await started({ desired: 1, drainTimeoutMs: 1_000 });
    world.worker("w1").gate.blockedUntilMs = Number.POSITIVE_INFINITY;
    await world.act({ type: "stop", now: false }).run(2_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # stop now=false
      t=1000 StopRequested now=false -> DrainWorker worker=w1 slot=0 gen=1 deadline=2000
      t=2000 DeadlinesReached -> KillWorker worker=w1 slot=0 gen=1
      t=2003 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SettleStop"
    `);
  });

  it("F54: a storm of stops sends each worker one drain and one kill", async () => {
    const world = await started({ desired: 1 }, { kind: "neverDrains" });
    for (let count = 0; count < 100; count += 1) world.act({ type: "stop", now: count > 0 });
    await world.run(100);
    const lines = world.trace().split("\n");
    expect(lines.filter((line) => line.includes("->"))).toMatchInlineSnapshot(`
      [
        "t=1000 StopRequested now=false -> DrainWorker worker=w1 slot=0 gen=1 deadline=31000",
        "t=1000 StopRequested now=true -> KillWorker worker=w1 slot=0 gen=1",
        "t=1003 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SettleStop",
      ]
    `);
  });

  it("F57: a worker whose event loop is blocked is killed without its cooperation, once", async () => {
    const world = await started({ desired: 1 });
    world.worker("w1").gate.blockedUntilMs = Number.POSITIVE_INFINITY;
    await world.run(8_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=7101 DeadlinesReached -> ExamineWorker worker=w1 slot=0 gen=1
      t=7351 DeadlinesReached -> KillWorker worker=w1 slot=0 gen=1, SpawnWorker worker=w2 slot=0 gen=1
      t=7354 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL
      t=7371 WorkerReported worker=w2 slot=0 gen=1 reported=w2/1 -> AdmitWorker worker=w2 slot=0 gen=1
      t=7451 WorkerReady worker=w2 slot=0 gen=1"
    `);
  });

  it("58: a worker whose modules never settle is killed at the boot deadline, and its slot is free again", async () => {
    const world = await started({ desired: 1, bootTimeoutMs: 1_000 });
    world.act({ type: "edit", behaviour: release("bootHangs") });
    world.worker("w1").end(null, "SIGKILL");
    await world.run(1_100);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # edit bootHangs helloMs=20 bootMs=80 drainMs=10
      t=1001 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w2 slot=0 gen=1
      t=1021 WorkerReported worker=w2 slot=0 gen=1 reported=w2/1 -> AdmitWorker worker=w2 slot=0 gen=1
      t=2001 DeadlinesReached -> KillWorker worker=w2 slot=0 gen=1
      t=2004 WorkerExited worker=w2 slot=0 gen=1 code=null signal=SIGKILL
      t=2051 DeadlinesReached -> SpawnWorker worker=w3 slot=0 gen=1
      t=2071 WorkerReported worker=w3 slot=0 gen=1 reported=w3/1 -> AdmitWorker worker=w3 slot=0 gen=1"
    `);
  });

  it("59: a worker that is blocked while the roll replaces it gets one kill and one replacement", async () => {
    const world = await started({ desired: 1, heartbeatTimeoutMs: 3_000, drainTimeoutMs: 1_000 });
    await world.deploy("good").run(50);
    world.worker("w1").gate.blockedUntilMs = Number.POSITIVE_INFINITY;
    await world.run(6_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnWorker worker=w2 slot=0 gen=2
      t=1021 WorkerReported worker=w2 slot=0 gen=2 reported=w2/2 -> AdmitWorker worker=w2 slot=0 gen=2
      t=1101 WorkerReady worker=w2 slot=0 gen=2
      t=2101 WorkerHeartbeat worker=w2 slot=0 gen=2 -> DrainWorker worker=w1 slot=0 gen=1 deadline=3101
      t=3101 DeadlinesReached -> KillWorker worker=w1 slot=0 gen=1
      t=3104 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SettleRoll roll-2 completed"
    `);
  });
});
