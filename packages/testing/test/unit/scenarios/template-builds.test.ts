// SCENARIOS.md, B18 to B26: templates that cannot be built, forks that fail, and requests that cross a build.

import { describe, expect, it } from "vitest";
import { FALLING_BACK, release, Script, started, WAITING } from "./script.ts";

describe("building templates and forking from them", () => {
  it("B18: a release whose template throws or exits fails the roll at once, the old generation untouched", async () => {
    const ends: (string | undefined)[] = [];
    for (const kind of ["bootThrows", "bootExits"] as const) {
      const world = await started({ template: FALLING_BACK });
      await world.deploy(kind).run(500);
      ends.push(world.trace().split("\n").at(-1));
      expect(world.templates()).toBe("t1/g1 ready");
      expect(world.seats()).toBe("0:w1/g1 ready, 1:w2/g1 ready");
    }
    expect(ends).toMatchInlineSnapshot(`
      [
        "t=1102 TemplateExited template=t2 code=1 signal=null -> SettleRoll roll-2 failed reason=BROOD_BOOT_FAILED",
        "t=1102 TemplateExited template=t2 code=3 signal=null -> SettleRoll roll-2 failed reason=BROOD_BOOT_FAILED",
      ]
    `);
  });

  it("B18: a template that cannot be built again is tried with a back-off, and what serves goes on serving", async () => {
    const world = await started({ desired: 1, template: FALLING_BACK });
    world.act({ type: "edit", behaviour: release("bootThrows") }).act({ type: "templateKill", victim: 0 });
    await world.run(3_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # edit bootThrows helloMs=20 bootMs=80 drainMs=10
      t=1000 # templateKill victim=0
      t=1001 TemplateExited template=t1 code=null signal=SIGKILL -> SpawnTemplate template=t2 gen=1
      t=1021 TemplateReported template=t2 reported=t2/1
      t=1101 TemplateFailed template=t2 code=BROOD_BOOT_FAILED
      t=1102 TemplateExited template=t2 code=1 signal=null
      t=1152 DeadlinesReached -> SpawnTemplate template=t3 gen=1
      t=1172 TemplateReported template=t3 reported=t3/1
      t=1252 TemplateFailed template=t3 code=BROOD_BOOT_FAILED
      t=1253 TemplateExited template=t3 code=1 signal=null
      t=1353 DeadlinesReached -> SpawnTemplate template=t4 gen=1
      t=1373 TemplateReported template=t4 reported=t4/1
      t=1453 TemplateFailed template=t4 code=BROOD_BOOT_FAILED
      t=1454 TemplateExited template=t4 code=1 signal=null
      t=1654 DeadlinesReached -> SpawnTemplate template=t5 gen=1
      t=1674 TemplateReported template=t5 reported=t5/1
      t=1754 TemplateFailed template=t5 code=BROOD_BOOT_FAILED
      t=1755 TemplateExited template=t5 code=1 signal=null
      t=2155 DeadlinesReached -> SpawnTemplate template=t6 gen=1
      t=2175 TemplateReported template=t6 reported=t6/1
      t=2255 TemplateFailed template=t6 code=BROOD_BOOT_FAILED
      t=2256 TemplateExited template=t6 code=1 signal=null
      t=3056 DeadlinesReached -> SpawnTemplate template=t7 gen=1
      t=3076 TemplateReported template=t7 reported=t7/1
      t=3156 TemplateFailed template=t7 code=BROOD_BOOT_FAILED
      t=3157 TemplateExited template=t7 code=1 signal=null"
    `);
    expect(world.seats()).toBe("0:w1/g1 ready");
  });

  it("B19: forks that fail are tried again with a back-off, and the template goes on", async () => {
    const world = await started({ desired: 1, template: WAITING });
    world.act({ type: "forkErrors", forMs: 300 }).worker("w1").end(null, "SIGKILL");
    await world.run(1_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # forkErrors forMs=300
      t=1001 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w2 slot=0 gen=1 from=t1
      t=1001 WorkerSpawnFailed worker=w2 slot=0 gen=1
      t=1051 DeadlinesReached -> SpawnWorker worker=w3 slot=0 gen=1 from=t1
      t=1051 WorkerSpawnFailed worker=w3 slot=0 gen=1
      t=1151 DeadlinesReached -> SpawnWorker worker=w4 slot=0 gen=1 from=t1
      t=1151 WorkerSpawnFailed worker=w4 slot=0 gen=1
      t=1351 DeadlinesReached -> SpawnWorker worker=w5 slot=0 gen=1 from=t1
      t=1355 WorkerReported worker=w5 slot=0 gen=1 reported=w5/1 -> AdmitWorker worker=w5 slot=0 gen=1
      t=1357 WorkerReady worker=w5 slot=0 gen=1"
    `);
  });

  it("B19: a template that cannot be started at all is tried again up to maxFailures times", async () => {
    const world = await started({ template: WAITING });
    await world.act({ type: "templateSpawnErrors", kind: "throws", forMs: 10_000 }).deploy("good").run(2_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # templateSpawnErrors kind=throws forMs=10000
      t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnTemplate template=t2 gen=2
      t=1001 TemplateSpawnFailed template=t2 -> SpawnTemplate template=t3 gen=2
      t=1001 TemplateSpawnFailed template=t3
      t=1051 DeadlinesReached -> SpawnTemplate template=t4 gen=2
      t=1051 TemplateSpawnFailed template=t4 -> SettleRoll roll-2 failed reason=BROOD_SPAWN_FAILED"
    `);
  });

  it("B20: an order that never reaches the template ends at the worker's own deadline", async () => {
    const world = await started({ desired: 1, template: WAITING, bootTimeoutMs: 500 });
    world.act({ type: "templateWire", victim: 0, kind: "lose", to: "template" });
    world.worker("w1").end(null, "SIGKILL");
    await world.run(2_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # templateWire victim=0 kind=lose to=template
      t=1001 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w2 slot=0 gen=1 from=t1
      t=1501 DeadlinesReached -> KillWorker worker=w2 slot=0 gen=1
      t=1502 WorkerExited worker=w2 slot=0 gen=1 code=null signal=SIGKILL
      t=1551 DeadlinesReached -> SpawnWorker worker=w3 slot=0 gen=1 from=t1
      t=1551 TemplateFailed template=t1 code=BROOD_PROTOCOL
      t=1552 TemplateExited template=t1 code=1 signal=null -> SpawnTemplate template=t2 gen=1
      t=1552 WorkerSpawnFailed worker=w3 slot=0 gen=1
      t=1572 TemplateReported template=t2 reported=t2/1
      t=1652 TemplateReady template=t2
      t=1652 DeadlinesReached -> SpawnWorker worker=w4 slot=0 gen=1 from=t2
      t=1656 WorkerReported worker=w4 slot=0 gen=1 reported=w4/1 -> AdmitWorker worker=w4 slot=0 gen=1
      t=1658 WorkerReady worker=w4 slot=0 gen=1"
    `);
  });

  it("B21: a template whose workers crash at once is thrown away after failuresMax of them", async () => {
    const world = await started({ desired: 1, template: WAITING, minHealthyMs: 500 });
    world.act({ type: "templateDamage", victim: 0, damage: "crash" }).worker("w1").end(null, "SIGKILL");
    await world.run(3_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # templateDamage victim=0 damage=crash
      t=1001 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w2 slot=0 gen=1 from=t1
      t=1005 WorkerReported worker=w2 slot=0 gen=1 reported=w2/1 -> AdmitWorker worker=w2 slot=0 gen=1
      t=1008 WorkerExited worker=w2 slot=0 gen=1 code=3 signal=null
      t=1058 DeadlinesReached -> SpawnWorker worker=w3 slot=0 gen=1 from=t1
      t=1062 WorkerReported worker=w3 slot=0 gen=1 reported=w3/1 -> AdmitWorker worker=w3 slot=0 gen=1
      t=1065 WorkerExited worker=w3 slot=0 gen=1 code=3 signal=null
      t=1165 DeadlinesReached -> SpawnWorker worker=w4 slot=0 gen=1 from=t1
      t=1169 WorkerReported worker=w4 slot=0 gen=1 reported=w4/1 -> AdmitWorker worker=w4 slot=0 gen=1
      t=1172 WorkerExited worker=w4 slot=0 gen=1 code=3 signal=null -> KillTemplate template=t1, SpawnTemplate template=t2 gen=1
      t=1175 TemplateExited template=t1 code=null signal=SIGKILL
      t=1192 TemplateReported template=t2 reported=t2/1
      t=1272 TemplateReady template=t2
      t=1372 DeadlinesReached -> SpawnWorker worker=w5 slot=0 gen=1 from=t2
      t=1376 WorkerReported worker=w5 slot=0 gen=1 reported=w5/1 -> AdmitWorker worker=w5 slot=0 gen=1
      t=1378 WorkerReady worker=w5 slot=0 gen=1"
    `);
  });

  it.each(["crash", "hang", "crashLater"] as const)("B21: the same where they %s", async (damage) => {
    const world = await started({ desired: 1, template: WAITING, bootTimeoutMs: 200, minHealthyMs: 500 });
    world.act({ type: "templateDamage", victim: 0, damage }).worker("w1").end(null, "SIGKILL");
    await world.run(3_000);
    const lines = world.trace().split("\n");
    expect(lines.filter((line) => line.includes("from=t1"))).toHaveLength(3);
    expect(lines.filter((line) => line.includes("KillTemplate template=t1"))).toHaveLength(1);
    expect(world.templates()).toBe("t2/g1 ready");
    expect(world.seats()).toBe("0:w5/g1 ready");
  });

  it("B22: after a hundred rolls there is one template, one seat and one release", async () => {
    const world = await started({ template: WAITING, minHealthyMs: 0 });
    for (let roll = 2; roll <= 101; roll += 1) {
      await world.deploy("good").run(1_000);
      expect(world.outcome("restart")).toMatchObject({ result: "completed" });
      expect(world.templates()).toBe(`t${roll}/g${roll} ready`);
    }
    const { templates, pinned } = world.simulation.machine.world;
    expect([templates.alive.size, templates.seats.size, pinned.size]).toEqual([1, 1, 1]);
  });

  it("B23: a stop while the template loads wins; that is nobody's failure", async () => {
    const world = new Script({ template: FALLING_BACK });
    world.simulation.files.deploy(release("good"));
    world.simulation.client.start();
    await world.run(50);
    await world.act({ type: "stop", now: false }).run(100);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=0 StartRequested entry=/srv/current/server.js -> ResolveRelease gen=1
      t=1 ReleaseResolved gen=1 entry=/srv/r1/server.js -> SpawnTemplate template=t1 gen=1
      t=21 TemplateReported template=t1 reported=t1/1
      t=50 # stop now=false
      t=50 StopRequested now=false -> KillTemplate template=t1
      t=53 TemplateExited template=t1 code=null signal=SIGKILL -> SettleStart reason=BROOD_ROLL_STOPPED, SettleStop"
    `);
    expect(world.outcome("start")).toMatchObject({ code: "BROOD_ROLL_STOPPED" });
  });

  it("B23: a stop while the template of a roll loads ends it, and the old one after its workers", async () => {
    const world = await started({ desired: 1, template: FALLING_BACK });
    await world.deploy("good").run(50);
    await world.act({ type: "stop", now: false }).run(100);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnTemplate template=t2 gen=2
      t=1021 TemplateReported template=t2 reported=t2/2
      t=1050 # stop now=false
      t=1050 StopRequested now=false -> SettleRoll roll-2 failed reason=BROOD_ROLL_STOPPED, DrainWorker worker=w1 slot=0 gen=1 deadline=31050, KillTemplate template=t2
      t=1050 WorkerDraining worker=w1 slot=0 gen=1
      t=1053 TemplateExited template=t2 code=null signal=SIGKILL
      t=1061 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null -> KillTemplate template=t1
      t=1064 TemplateExited template=t1 code=null signal=SIGKILL -> SettleStop"
    `);
  });

  it("B24: a deploy during the stop is refused with a reason, and no template is built for it", async () => {
    const world = await started({ desired: 1, template: FALLING_BACK });
    await world.act({ type: "stop", now: false }).deploy("good").run(100);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # stop now=false
      t=1000 StopRequested now=false -> DrainWorker worker=w1 slot=0 gen=1 deadline=31000
      t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-3 entry=/srv/current/server.js -> SettleRoll roll-2 failed reason=BROOD_ROLL_STOPPED
      t=1000 WorkerDraining worker=w1 slot=0 gen=1
      t=1011 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null -> KillTemplate template=t1
      t=1014 TemplateExited template=t1 code=null signal=SIGKILL -> SettleStop"
    `);
    expect(world.outcome("restart")).toMatchObject({ result: "failed", code: "BROOD_ROLL_STOPPED" });
  });

  it("B25: of two deploys at once each gets its own template, and the older one's is ended", async () => {
    const world = await started({ desired: 1, template: FALLING_BACK });
    await world.deploy("slowBoots", { bootMs: 5_000 }).run(100);
    await world.deploy("good").run(5_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy slowBoots helloMs=20 bootMs=5000 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnTemplate template=t2 gen=2
      t=1021 TemplateReported template=t2 reported=t2/2
      t=1100 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1100 RestartRequested request=restart-3 entry=/srv/current/server.js -> SettleRoll roll-2 superseded, ResolveRelease gen=3, KillTemplate template=t2
      t=1101 ReleaseResolved gen=3 entry=/srv/r3/server.js -> SpawnTemplate template=t3 gen=3
      t=1103 TemplateExited template=t2 code=null signal=SIGKILL
      t=1121 TemplateReported template=t3 reported=t3/3
      t=1201 TemplateReady template=t3 -> SpawnWorker worker=w2 slot=0 gen=3 from=t3
      t=1205 WorkerReported worker=w2 slot=0 gen=3 reported=w2/3 -> AdmitWorker worker=w2 slot=0 gen=3
      t=1207 WorkerReady worker=w2 slot=0 gen=3
      t=2207 DeadlinesReached -> DrainWorker worker=w1 slot=0 gen=1 deadline=32207
      t=2207 WorkerDraining worker=w1 slot=0 gen=1
      t=2218 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null -> SettleRoll roll-3 completed, KillTemplate template=t1
      t=2221 TemplateExited template=t1 code=null signal=SIGKILL"
    `);
    expect(world.templates()).toBe("t3/g3 ready");
  });

  it("B25: there is never a second template of a generation: a dying one that never loaded has to be gone first", async () => {
    const world = await started({ desired: 1, template: FALLING_BACK });
    world.act({ type: "edit", behaviour: release("bootHangs") }).act({ type: "templateKill", victim: 0 });
    await world.run(100);
    world.template("t2").diesSlowly = true;
    await world.run(40_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # edit bootHangs helloMs=20 bootMs=80 drainMs=10
      t=1000 # templateKill victim=0
      t=1001 TemplateExited template=t1 code=null signal=SIGKILL -> SpawnTemplate template=t2 gen=1
      t=1021 TemplateReported template=t2 reported=t2/1
      t=31001 DeadlinesReached -> KillTemplate template=t2
      t=36001 DeadlinesReached -> KillTemplate template=t2
      t=38002 TemplateExited template=t2 code=null signal=SIGKILL -> SpawnTemplate template=t3 gen=1
      t=38022 TemplateReported template=t3 reported=t3/1"
    `);
  });

  it("B26: a release that is not safe to fork fails its roll with the reason, the old generation untouched", async () => {
    const world = await started({ template: FALLING_BACK });
    await world.deploy("templateUnsafe").run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy templateUnsafe helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnTemplate template=t2 gen=2
      t=1021 TemplateReported template=t2 reported=t2/2
      t=1101 TemplateFailed template=t2 code=BROOD_TEMPLATE_UNSAFE
      t=1102 TemplateExited template=t2 code=1 signal=null -> SettleRoll roll-2 failed reason=BROOD_TEMPLATE_UNSAFE"
    `);
    expect(world.outcome("restart")).toMatchInlineSnapshot(`
      {
        "code": "BROOD_TEMPLATE_UNSAFE",
        "message": "template=t2 gen=2 a timer is open",
        "result": "failed",
      }
    `);
    expect(world.seats()).toBe("0:w1/g1 ready, 1:w2/g1 ready");
    expect(world.templates()).toBe("t1/g1 ready");
  });
});
