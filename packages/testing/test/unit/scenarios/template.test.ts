// SCENARIOS.md, B13 to B17: a template dies or hangs, and what that costs.

import { describe, expect, it } from "vitest";
import { FALLING_BACK, started, WAITING } from "./script.ts";

describe("a template that dies or hangs", () => {
  it("B13: a template that dies with orders read but not executed loses no slot", async () => {
    const world = await started({ template: FALLING_BACK });
    world.act({ type: "templateDiesAtFork", victim: 0, when: "read" });
    world.worker("w1").end(null, "SIGKILL");
    world.worker("w2").end(null, "SIGKILL");
    await world.run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # templateDiesAtFork victim=0 when=read
      t=1001 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w3 slot=0 gen=1 from=t1
      t=1001 WorkerExited worker=w2 slot=1 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w4 slot=1 gen=1 from=t1
      t=1002 TemplateExited template=t1 code=null signal=SIGKILL -> SpawnTemplate template=t2 gen=1
      t=1002 WorkerSpawnFailed worker=w3 slot=0 gen=1
      t=1002 WorkerSpawnFailed worker=w4 slot=1 gen=1 -> SpawnWorker worker=w5 slot=1 gen=1
      t=1022 TemplateReported template=t2 reported=t2/1
      t=1022 WorkerReported worker=w5 slot=1 gen=1 reported=w5/1 -> AdmitWorker worker=w5 slot=1 gen=1
      t=1052 DeadlinesReached -> SpawnWorker worker=w6 slot=0 gen=1
      t=1072 WorkerReported worker=w6 slot=0 gen=1 reported=w6/1 -> AdmitWorker worker=w6 slot=0 gen=1
      t=1102 TemplateReady template=t2
      t=1102 WorkerReady worker=w5 slot=1 gen=1
      t=1152 WorkerReady worker=w6 slot=0 gen=1"
    `);
  });

  it("B13: a template that dies at every fork fails the roll in the end", async () => {
    const world = await started({ desired: 4, template: WAITING });
    await world.deploy("forkKillsTemplate").run(20_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy forkKillsTemplate helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnTemplate template=t2 gen=2
      t=1021 TemplateReported template=t2 reported=t2/2
      t=1101 TemplateReady template=t2 -> SpawnWorker worker=w5 slot=0 gen=2 from=t2
      t=1102 TemplateExited template=t2 code=null signal=SIGKILL -> SpawnTemplate template=t3 gen=2
      t=1102 WorkerSpawnFailed worker=w5 slot=0 gen=2
      t=1122 TemplateReported template=t3 reported=t3/2
      t=1202 TemplateReady template=t3 -> SpawnWorker worker=w6 slot=0 gen=2 from=t3
      t=1203 TemplateExited template=t3 code=null signal=SIGKILL
      t=1203 WorkerSpawnFailed worker=w6 slot=0 gen=2
      t=1253 DeadlinesReached -> SpawnTemplate template=t4 gen=2
      t=1273 TemplateReported template=t4 reported=t4/2
      t=1353 TemplateReady template=t4 -> SpawnWorker worker=w7 slot=0 gen=2 from=t4
      t=1354 TemplateExited template=t4 code=null signal=SIGKILL
      t=1354 WorkerSpawnFailed worker=w7 slot=0 gen=2 -> SettleRoll roll-2 failed reason=BROOD_SPAWN_FAILED"
    `);
    expect(world.outcome("restart")).toMatchObject({ result: "failed", code: "BROOD_SPAWN_FAILED" });
  });

  it("B13: a template that dies with a roll's orders does not fail the roll by that alone", async () => {
    const world = await started({ desired: 4, maxSurge: 3, minHealthyMs: 100, template: WAITING });
    await world.deploy("good").run(150);
    world.act({ type: "templateDiesAtFork", victim: 1, when: "read" });
    await world.fresh().run(2_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1201 DeadlinesReached -> SpawnWorker worker=w6 slot=1 gen=2 from=t2, SpawnWorker worker=w7 slot=2 gen=2 from=t2, SpawnWorker worker=w8 slot=3 gen=2 from=t2
      t=1202 TemplateExited template=t2 code=null signal=SIGKILL -> SpawnTemplate template=t3 gen=2
      t=1202 WorkerSpawnFailed worker=w6 slot=1 gen=2
      t=1202 WorkerSpawnFailed worker=w7 slot=2 gen=2
      t=1202 WorkerSpawnFailed worker=w8 slot=3 gen=2
      t=1207 DeadlinesReached -> DrainWorker worker=w1 slot=0 gen=1 deadline=31207
      t=1207 WorkerDraining worker=w1 slot=0 gen=1
      t=1218 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null
      t=1222 TemplateReported template=t3 reported=t3/2
      t=1302 TemplateReady template=t3 -> SpawnWorker worker=w9 slot=1 gen=2 from=t3, SpawnWorker worker=w10 slot=2 gen=2 from=t3, SpawnWorker worker=w11 slot=3 gen=2 from=t3
      t=1306 WorkerReported worker=w9 slot=1 gen=2 reported=w9/2 -> AdmitWorker worker=w9 slot=1 gen=2
      t=1306 WorkerReported worker=w10 slot=2 gen=2 reported=w10/2 -> AdmitWorker worker=w10 slot=2 gen=2
      t=1306 WorkerReported worker=w11 slot=3 gen=2 reported=w11/2 -> AdmitWorker worker=w11 slot=3 gen=2
      t=1308 WorkerReady worker=w9 slot=1 gen=2 -> DrainWorker worker=w2 slot=1 gen=1 deadline=31308
      t=1308 WorkerReady worker=w10 slot=2 gen=2 -> DrainWorker worker=w3 slot=2 gen=1 deadline=31308
      t=1308 WorkerReady worker=w11 slot=3 gen=2 -> DrainWorker worker=w4 slot=3 gen=1 deadline=31308
      t=1308 WorkerDraining worker=w2 slot=1 gen=1
      t=1308 WorkerDraining worker=w3 slot=2 gen=1
      t=1308 WorkerDraining worker=w4 slot=3 gen=1
      t=1319 WorkerExited worker=w2 slot=1 gen=1 code=0 signal=null
      t=1319 WorkerExited worker=w3 slot=2 gen=1 code=0 signal=null
      t=1319 WorkerExited worker=w4 slot=3 gen=1 code=0 signal=null -> SettleRoll roll-2 completed, KillTemplate template=t1
      t=1322 TemplateExited template=t1 code=null signal=SIGKILL"
    `);
    expect(world.outcome("restart")).toMatchObject({ result: "completed" });
  });

  it("B14: a worker whose template dies before it could tell of it lives, and reports on its own link", async () => {
    const world = await started({ desired: 1, template: WAITING });
    world.act({ type: "templateDiesAtFork", victim: 0, when: "forked" });
    world.worker("w1").end(null, "SIGKILL");
    await world.run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # templateDiesAtFork victim=0 when=forked
      t=1001 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w2 slot=0 gen=1 from=t1
      t=1005 TemplateExited template=t1 code=null signal=SIGKILL -> SpawnTemplate template=t2 gen=1
      t=1005 WorkerReported worker=w2 slot=0 gen=1 reported=w2/1 -> AdmitWorker worker=w2 slot=0 gen=1
      t=1007 WorkerReady worker=w2 slot=0 gen=1
      t=1025 TemplateReported template=t2 reported=t2/1
      t=1105 TemplateReady template=t2"
    `);
    expect(world.worker("w2").template).toBe("t1");
  });

  it("B15: a template that dies idle is built again, and nobody notices", async () => {
    const world = await started({ template: FALLING_BACK });
    await world.act({ type: "templateKill", victim: 0 }).run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # templateKill victim=0
      t=1001 TemplateExited template=t1 code=null signal=SIGKILL -> SpawnTemplate template=t2 gen=1
      t=1021 TemplateReported template=t2 reported=t2/1
      t=1101 TemplateReady template=t2"
    `);
    expect(world.seats()).toBe("0:w1/g1 ready, 1:w2/g1 ready");
  });

  it("B15: a slot to fill meanwhile loads the release itself, or waits for the template, as configured", async () => {
    const spawned: string[] = [];
    for (const template of [FALLING_BACK, WAITING]) {
      const world = await started({ desired: 1, template });
      world.act({ type: "templateKill", victim: 0 }).worker("w1").end(null, "SIGKILL");
      await world.run(500);
      const lines = world.trace().split("\n");
      spawned.push(...lines.filter((line) => line.includes("SpawnWorker")));
    }
    expect(spawned).toMatchInlineSnapshot(`
      [
        "t=1001 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w2 slot=0 gen=1",
        "t=1101 TemplateReady template=t2 -> SpawnWorker worker=w2 slot=0 gen=1 from=t2",
      ]
    `);
  });

  it("B16: a template that hangs while it loads is ended at its deadline; the old one is kept", async () => {
    const world = await started({ template: FALLING_BACK });
    await world.deploy("bootHangs").run(40_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy bootHangs helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnTemplate template=t2 gen=2
      t=1021 TemplateReported template=t2 reported=t2/2
      t=31001 DeadlinesReached -> KillTemplate template=t2
      t=31004 TemplateExited template=t2 code=null signal=SIGKILL -> SettleRoll roll-2 failed reason=BROOD_BOOT_TIMEOUT"
    `);
    expect(world.templates()).toBe("t1/g1 ready");
  });

  it("B17: a template that hangs in the middle of a roll is ended for its own silence, and the roll goes on", async () => {
    const world = await started({ template: WAITING, heartbeatTimeoutMs: 900 });
    await world.deploy("good").run(1_000);
    world.act({ type: "templateFreeze", victim: 1, forMs: Number.POSITIVE_INFINITY });
    await world.fresh().run(5_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=2101 DeadlinesReached -> SpawnWorker worker=w4 slot=1 gen=2 from=t2
      t=2107 DeadlinesReached -> DrainWorker worker=w1 slot=0 gen=1 deadline=32107
      t=2107 WorkerDraining worker=w1 slot=0 gen=1
      t=2118 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null
      t=2826 DeadlinesReached -> KillTemplate template=t2, SpawnTemplate template=t3 gen=2
      t=2829 TemplateExited template=t2 code=null signal=SIGKILL
      t=2829 WorkerSpawnFailed worker=w4 slot=1 gen=2
      t=2846 TemplateReported template=t3 reported=t3/2
      t=2926 TemplateReady template=t3 -> SpawnWorker worker=w5 slot=1 gen=2 from=t3
      t=2930 WorkerReported worker=w5 slot=1 gen=2 reported=w5/2 -> AdmitWorker worker=w5 slot=1 gen=2
      t=2932 WorkerReady worker=w5 slot=1 gen=2 -> DrainWorker worker=w2 slot=1 gen=1 deadline=32932
      t=2932 WorkerDraining worker=w2 slot=1 gen=1
      t=2943 WorkerExited worker=w2 slot=1 gen=1 code=0 signal=null -> SettleRoll roll-2 completed, KillTemplate template=t1
      t=2946 TemplateExited template=t1 code=null signal=SIGKILL"
    `);
    expect(world.outcome("restart")).toMatchObject({ result: "completed" });
  });
});
