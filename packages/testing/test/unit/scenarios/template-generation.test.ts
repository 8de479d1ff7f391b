// SCENARIOS.md, section A, where workers are forked: which code a template has loaded, and who is forked from it.

import { describe, expect, it } from "vitest";
import { FALLING_BACK, release, started, WAITING } from "./script.ts";

describe("generation truth with templates", () => {
  it("A1: a template that forks for longer than the liveness timeout beats by itself, and is not ended", async () => {
    const world = await started({
      desired: 6,
      template: WAITING,
      heartbeatTimeoutMs: 300,
      minHealthyMs: 100,
      bootConcurrency: 1,
    });
    await world.deploy("openFails", { share: 0, drainMs: 150 }).run(3_000);
    expect(world.outcome("restart")).toMatchObject({ result: "completed" });
    const killed = world
      .trace()
      .split("\n")
      .filter((line) => line.includes("KillTemplate"));
    expect(killed).toMatchInlineSnapshot(`
      [
        "t=1258 WorkerExited worker=w6 slot=5 gen=1 code=0 signal=null -> SettleRoll roll-2 completed, KillTemplate template=t1",
      ]
    `);
  });

  it("A2: a template that was built again just before a deploy is not what the deploy forks from", async () => {
    const world = await started({ template: WAITING });
    await world.act({ type: "templateKill", victim: 0 }).run(500);
    expect(world.templates()).toBe("t2/g1 ready");
    await world.fresh().deploy("good").run(5_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1500 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1500 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1501 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnTemplate template=t3 gen=2
      t=1521 TemplateReported template=t3 reported=t3/2
      t=1601 TemplateReady template=t3 -> SpawnWorker worker=w3 slot=0 gen=2 from=t3
      t=1605 WorkerReported worker=w3 slot=0 gen=2 reported=w3/2 -> AdmitWorker worker=w3 slot=0 gen=2
      t=1607 WorkerReady worker=w3 slot=0 gen=2
      t=2601 DeadlinesReached -> SpawnWorker worker=w4 slot=1 gen=2 from=t3
      t=2605 WorkerReported worker=w4 slot=1 gen=2 reported=w4/2
      t=2607 WorkerBooted worker=w4 slot=1 gen=2 -> DrainWorker worker=w1 slot=0 gen=1 deadline=32607, AdmitWorker worker=w4 slot=1 gen=2
      t=2607 WorkerDraining worker=w1 slot=0 gen=1
      t=2607 WorkerReady worker=w4 slot=1 gen=2 -> DrainWorker worker=w2 slot=1 gen=1 deadline=32607
      t=2607 WorkerDraining worker=w2 slot=1 gen=1
      t=2618 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null
      t=2618 WorkerExited worker=w2 slot=1 gen=1 code=0 signal=null -> SettleRoll roll-2 completed, KillTemplate template=t2
      t=2621 TemplateExited template=t2 code=null signal=SIGKILL"
    `);
    expect(world.templates()).toBe("t3/g2 ready");
  });

  it("A3: a slot that dies while the old template still lives comes back on G, from G's template", async () => {
    const world = await started({ desired: 3, template: FALLING_BACK }, { drainMs: 2_000 });
    await world.deploy("good").run(1_150);
    world.fresh().worker("w3").end(null, "SIGKILL");
    await world.run(10_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=2151 WorkerExited worker=w3 slot=2 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w6 slot=2 gen=2 from=t2
      t=2155 WorkerReported worker=w6 slot=2 gen=2 reported=w6/2 -> AdmitWorker worker=w6 slot=2 gen=2
      t=2157 WorkerReady worker=w6 slot=2 gen=2
      t=4108 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null
      t=4108 WorkerExited worker=w2 slot=1 gen=1 code=0 signal=null -> SettleRoll roll-2 completed, KillTemplate template=t1
      t=4111 TemplateExited template=t1 code=null signal=SIGKILL"
    `);
  });

  it("A3: a template refuses to fork for another generation than its own", async () => {
    const world = await started({ desired: 1, template: WAITING });
    const told: string[] = [];
    const order = {
      worker: "w9",
      slot: 0,
      generation: 2,
      release: world.worker("w1").makeup.release,
    } as const;
    world.template("t1").fork(
      { ...order, stamps: [], sockets: [], bootTimeoutMs: 1_000 },
      {
        spawned: () => told.push("spawned"),
        message: ({ type }) => told.push(type),
        violated: (detail) => told.push(detail),
        failed: ({ message }) => told.push(message),
        exited: () => told.push("exited"),
      },
    );
    await world.run(100);
    expect(told).toEqual(["this is generation 1"]);
  });

  it("A4: a template that reports another generation is ended before anything is forked from it", async () => {
    const world = await started({ template: FALLING_BACK });
    await world.act({ type: "templateMismatch", kind: "generation" }).deploy("good").run(500);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # templateMismatch kind=generation
      t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnTemplate template=t2 gen=2
      t=1021 TemplateReported template=t2 reported=t2/1 -> KillTemplate template=t2
      t=1024 TemplateExited template=t2 code=null signal=SIGKILL -> SettleRoll roll-2 failed reason=BROOD_GENERATION_MISMATCH"
    `);
    expect(world.simulation.machine.world.counters.mismatched).toBe(1);
    expect(world.outcome("restart")).toMatchInlineSnapshot(`
      {
        "code": "BROOD_GENERATION_MISMATCH",
        "message": "template=t2 gen=2 reported template=t2 gen=1 entry=/srv/r1/server.js instead, and was killed.",
        "result": "failed",
      }
    `);
  });

  it("A4: a forked worker that reports another generation is killed, counted and never current", async () => {
    const world = await started({ template: FALLING_BACK });
    await world.deploy("good").run(50);
    world.simulation.fleet.mistake("generation");
    await world.run(200);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # deploy good helloMs=20 bootMs=80 drainMs=10 byPath=false
      t=1000 RestartRequested request=restart-2 entry=/srv/current/server.js -> ResolveRelease gen=2
      t=1001 ReleaseResolved gen=2 entry=/srv/r2/server.js -> SpawnTemplate template=t2 gen=2
      t=1021 TemplateReported template=t2 reported=t2/2
      t=1101 TemplateReady template=t2 -> SpawnWorker worker=w3 slot=0 gen=2 from=t2
      t=1124 WorkerReported worker=w3 slot=0 gen=2 reported=w3/1 -> KillWorker worker=w3 slot=0 gen=2
      t=1127 WorkerExited worker=w3 slot=0 gen=2 code=null signal=SIGKILL -> SettleRoll roll-2 failed reason=BROOD_GENERATION_MISMATCH, KillTemplate template=t2
      t=1130 TemplateExited template=t2 code=null signal=SIGKILL"
    `);
    expect(world.simulation.machine.world.counters.mismatched).toBe(1);
    expect(world.seats()).toBe("0:w1/g1 ready, 1:w2/g1 ready");
  });

  it("A7: two restarts in one tick are two targets, of which the newer one is pursued, from one template", async () => {
    const world = await started({ desired: 1, template: FALLING_BACK });
    await world.act({ type: "restart" }).act({ type: "restart" }).run(5_000);
    const built = world
      .trace()
      .split("\n")
      .filter((line) => line.includes("SpawnTemplate"));
    expect(built).toMatchInlineSnapshot(`
      [
        "t=1001 ReleaseResolved gen=3 entry=/srv/r1/server.js -> SpawnTemplate template=t2 gen=3",
      ]
    `);
    expect(world.seats()).toBe("0:w2/g3 ready");
    expect(world.templates()).toBe("t2/g3 ready");
  });

  it("A8: the generation changes in one step, when every worker has reported it and the old template is told to go", async () => {
    const world = await started({ desired: 3, template: FALLING_BACK });
    world.deploy("good");
    const seen = new Set<string>();
    while (world.now < 5_000) {
      await world.run(1);
      const { generation, workers, lastRoll } = world.simulation.machine.snapshot(world.now);
      const templates = world.templates().replace(/, t1\/g1 killing|t1\/g1 killing, /, "");
      const reported = new Set(workers.map((each) => each.generation));
      if (generation === 2) seen.add(`${[...reported].join()} ${templates} ${lastRoll?.result}`);
      else expect(lastRoll).toBeNull();
    }
    expect([...seen]).toEqual(["2 t2/g2 ready completed"]);
  });

  it("A9: forked workers run what their template loaded, whatever lies on the disk by then", async () => {
    const world = await started({ desired: 1, template: WAITING, onReleaseChanged: "refuse" });
    world.act({ type: "edit", behaviour: release("bootThrows") });
    world.worker("w1").end(null, "SIGKILL");
    await world.run(100);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # edit bootThrows helloMs=20 bootMs=80 drainMs=10
      t=1001 WorkerExited worker=w1 slot=0 gen=1 code=null signal=SIGKILL -> SpawnWorker worker=w2 slot=0 gen=1 from=t1
      t=1005 WorkerReported worker=w2 slot=0 gen=1 reported=w2/1 -> AdmitWorker worker=w2 slot=0 gen=1
      t=1007 WorkerReady worker=w2 slot=0 gen=1"
    `);
    expect(world.worker("w2").makeup.release.fingerprint).toBe("r1");
  });

  it("A9: a template that is built again from changed files is refused, and what serves goes on serving", async () => {
    const world = await started({ desired: 1, template: WAITING, onReleaseChanged: "refuse" });
    world.act({ type: "edit", behaviour: release("good") }).act({ type: "templateKill", victim: 0 });
    await world.run(200);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=1000 # edit good helloMs=20 bootMs=80 drainMs=10
      t=1000 # templateKill victim=0
      t=1001 TemplateExited template=t1 code=null signal=SIGKILL -> SpawnTemplate template=t2 gen=1
      t=1021 TemplateReported template=t2 reported=t2/1 -> KillTemplate template=t2
      t=1024 TemplateExited template=t2 code=null signal=SIGKILL
      t=1071 DeadlinesReached -> SpawnTemplate template=t3 gen=1
      t=1091 TemplateReported template=t3 reported=t3/1 -> KillTemplate template=t3
      t=1094 TemplateExited template=t3 code=null signal=SIGKILL
      t=1191 DeadlinesReached -> SpawnTemplate template=t4 gen=1"
    `);
    expect(world.seats()).toBe("0:w1/g1 ready");
  });

  it("A11: when a roll is over no template of another generation is left", async () => {
    const world = await started({ template: FALLING_BACK });
    await world.deploy("good").run(500);
    expect(world.templates()).toBe("t1/g1 ready, t2/g2 ready");
    await world.run(5_000);
    expect(world.templates()).toBe("t2/g2 ready");
  });

  it("brings the last good generation back from its template when the files are gone", async () => {
    const world = await started({ template: WAITING, maxFailures: 1 }, { drainMs: 2_000 });
    await world.deploy("good").run(1_150);
    world.simulation.files.spoil("/srv/r1/server.js");
    world.fresh().worker("w4").crash();
    await world.run(5_000);
    expect(world.trace()).toMatchInlineSnapshot(`
      "t=2150 WorkerFailed worker=w4 slot=1 gen=2 code=BROOD_WORKER_EXITED
      t=2151 WorkerExited worker=w4 slot=1 gen=2 code=1 signal=null -> SpawnWorker worker=w5 slot=1 gen=1 from=t1, SpawnWorker worker=w6 slot=0 gen=1 from=t1
      t=2155 WorkerReported worker=w5 slot=1 gen=1 reported=w5/1 -> AdmitWorker worker=w5 slot=1 gen=1
      t=2155 WorkerReported worker=w6 slot=0 gen=1 reported=w6/1 -> AdmitWorker worker=w6 slot=0 gen=1
      t=2157 WorkerReady worker=w5 slot=1 gen=1
      t=2157 WorkerReady worker=w6 slot=0 gen=1 -> DrainWorker worker=w3 slot=0 gen=2 deadline=32157
      t=2157 WorkerDraining worker=w3 slot=0 gen=2
      t=2168 WorkerExited worker=w3 slot=0 gen=2 code=0 signal=null -> SettleRoll roll-2 failed reason=BROOD_WORKER_EXITED, KillTemplate template=t2
      t=2171 TemplateExited template=t2 code=null signal=SIGKILL
      t=4108 WorkerExited worker=w1 slot=0 gen=1 code=0 signal=null
      t=4108 WorkerExited worker=w2 slot=1 gen=1 code=0 signal=null"
    `);
    expect(world.seats()).toBe("0:w6/g1 ready, 1:w5/g1 ready");
  });
});
