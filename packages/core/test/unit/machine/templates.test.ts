import { describe, expect, it } from "vitest";
import type { TemplateState } from "../../../src/machine/names.ts";
import { NEXT_OF_TEMPLATE, type TemplateInput } from "../../../src/machine/template-lifecycle.ts";
import { drive, releaseOf } from "./driver.ts";

const template = { fallback: "fresh", failuresMax: 3 } as const;
const waiting = { fallback: "wait", failuresMax: 3 } as const;

describe("the template's lifecycle table", () => {
  const states = Object.keys(NEXT_OF_TEMPLATE) as TemplateState[];
  const inputs = Object.keys(NEXT_OF_TEMPLATE.ready) as TemplateInput[];

  it("leads to ready only from booting, and to booting only by being admitted", () => {
    const into = (target: TemplateState): string[] =>
      states.flatMap((from) =>
        inputs
          .filter((input) => from !== target && NEXT_OF_TEMPLATE[from][input] === target)
          .map((input) => `${from}+${input}`),
      );
    expect(into("ready")).toEqual(["booting+Ready"]);
    expect(into("booting")).toEqual(["spawning+Admitted"]);
  });

  it("never comes back from killing or exited", () => {
    for (const input of inputs) {
      expect(["killing", "exited"]).toContain(NEXT_OF_TEMPLATE.killing[input]);
      expect(NEXT_OF_TEMPLATE.exited[input]).toBeNull();
    }
  });
});

describe("a service with templates", () => {
  it("loads the release once, before the first worker", () => {
    const world = drive({ template });
    world.step({ type: "StartRequested", entry: "/srv/current/app.js" });
    world.step({ type: "ReleaseResolved", generation: 1, release: releaseOf(1) });
    world.at(900).templateReady("t1");
    world.ready("w1", "w2");
    expect(world.trace).toEqual([
      "t=0 StartRequested -> ResolveRelease g1",
      "t=0 ReleaseResolved g1 -> SpawnTemplate t1 g1",
      "t=900 TemplateReported t1",
      "t=900 TemplateReady t1 -> SpawnWorker w1 slot=0 g1 from t1; SpawnWorker w2 slot=1 g1 from t1",
      "t=900 WorkerReported w1 g1 -> AdmitWorker w1",
      "t=900 WorkerReady w1 g1",
      "t=900 WorkerReported w2 g1 -> AdmitWorker w2",
      "t=900 WorkerReady w2 g1 -> SettleStart ok",
    ]);
  });

  it("A2: forks a roll's workers from the new template only, and ends the old one when the roll is over", () => {
    const world = drive({ template }).start().fresh();
    world.at(100).restart(2);
    world.at(1_000).templateReady("t2");
    world.ready("w3").at(2_000).deadlines().exit("w1").ready("w4").exit("w2");
    expect(world.trace).toEqual([
      "t=100 RestartRequested -> ResolveRelease g2",
      "t=100 ReleaseResolved g2 -> SpawnTemplate t2 g2",
      "t=1000 TemplateReported t2",
      "t=1000 TemplateReady t2 -> SpawnWorker w3 slot=0 g2 from t2",
      "t=1000 WorkerReported w3 g2 -> AdmitWorker w3",
      "t=1000 WorkerReady w3 g2",
      "t=2000 DeadlinesReached -> DrainWorker w1; SpawnWorker w4 slot=1 g2 from t2",
      "t=2000 WorkerExited w1 g1",
      "t=2000 WorkerReported w4 g2 -> AdmitWorker w4",
      "t=2000 WorkerReady w4 g2 -> DrainWorker w2",
      "t=2000 WorkerExited w2 g1 -> SettleRoll completed replaced=2; KillTemplate t1",
    ]);
  });

  it("A3: kills a template that reports another generation, and its roll fails", () => {
    const world = drive({ template }).start().restart(2).fresh();
    world.templateHello("t2", { generation: 1 }).templateExit("t2");
    expect(world.trace).toEqual([
      "t=0 TemplateReported t2 -> KillTemplate t2",
      "t=0 TemplateExited t2 -> SettleRoll failed replaced=0 BROOD_GENERATION_MISMATCH",
    ]);
    expect(world.machine.world.counters.mismatched).toBe(1);
  });

  it("B15: serves on when its template dies, builds it again, and falls back to fresh processes meanwhile", () => {
    const world = drive({ template }).start().fresh();
    world.at(50_000).beat("w1").beat("w2").fresh().templateExit("t1").exit("w1", 1);
    world.at(51_000).templateReady("t2").exit("w2", 1);
    expect(world.trace).toEqual([
      "t=50000 TemplateExited t1 -> SpawnTemplate t2 g1",
      "t=50000 WorkerExited w1 g1 -> SpawnWorker w3 slot=0 g1",
      "t=51000 TemplateReported t2",
      "t=51000 TemplateReady t2",
      "t=51000 WorkerExited w2 g1 -> SpawnWorker w4 slot=1 g1 from t2",
    ]);
    expect(world.machine.world.counters.fallbacks).toBe(1);
  });

  it("B15: waits for the template instead where it is told to", () => {
    const world = drive({ template: waiting }).start().fresh();
    world.templateExit("t1").exit("w1", 1).templateReady("t2");
    expect(world.trace).toEqual([
      "t=0 TemplateExited t1 -> SpawnTemplate t2 g1",
      "t=0 WorkerExited w1 g1",
      "t=0 TemplateReported t2",
      "t=0 TemplateReady t2 -> SpawnWorker w3 slot=0 g1 from t2",
    ]);
  });

  it("B16: ends a template that hangs in its boot at the deadline; the old generation is untouched", () => {
    const world = drive({ template, heartbeatTimeoutMs: 60_000 })
      .start()
      .restart(2)
      .templateHello("t2")
      .fresh();
    world.at(30_000).deadlines().templateExit("t2");
    expect(world.trace).toEqual([
      "t=30000 DeadlinesReached -> KillTemplate t2",
      "t=30000 TemplateExited t2 -> SettleRoll failed replaced=0 BROOD_BOOT_TIMEOUT",
    ]);
    expect(world.seats()).toEqual(["0:w1/g1 ready", "1:w2/g1 ready"]);
  });

  it("B17: ends a template that goes silent in the middle of a roll, and goes on with the next", () => {
    const world = drive({ template: waiting, desired: 2 }).start().restart(2).templateReady("t2");
    world.ready("w3").at(1_000).deadlines().fresh();
    const beat = (atMs: number): void =>
      void world.at(atMs).beat("w2").beat("w3").beat("w4").template("t1", { type: "TemplateHeartbeat" });
    world.ready("w4").exit("w1");
    for (const atMs of [3_000, 5_000, 6_000]) beat(atMs);
    world.at(6_001).deadlines();
    beat(7_000);
    world.at(7_001).deadlines();
    expect(world.trace.at(-1)).toBe("t=7001 DeadlinesReached -> KillTemplate t2; SpawnTemplate t3 g2");
  });

  it("B18: tries a template that cannot be started up to maxFailures times, with back-off", () => {
    const world = drive({ template }).start().restart(2).fresh().entropy(0.5);
    const refuse = (id: `t${number}`): unknown =>
      world.template(id, {
        type: "TemplateSpawnFailed",
        code: "BROOD_SPAWN_FAILED",
        message: "spawn EAGAIN",
      });
    refuse("t2");
    refuse("t3");
    world.at(50).deadlines();
    refuse("t4");
    expect(world.trace).toEqual([
      "t=0 TemplateSpawnFailed t2 -> SpawnTemplate t3 g2",
      "t=0 TemplateSpawnFailed t3",
      "t=50 DeadlinesReached -> SpawnTemplate t4 g2",
      "t=50 TemplateSpawnFailed t4 -> SettleRoll failed replaced=0 BROOD_SPAWN_FAILED",
    ]);
  });

  it("B21: throws a template away after so many early failures of its workers in a row", () => {
    const world = drive({ template, desired: 4, minHealthyMs: 0 }).start().fresh();
    world.exit("w1", 1).exit("w5", 1).exit("w2", null, "SIGSEGV");
    expect(world.trace.at(-1)).toBe("t=0 WorkerExited w2 g1 -> SpawnWorker w6 slot=1 g1 from t1");
    world.exit("w6", null, "SIGSEGV");
    world.at(30_000).entropy(0.1).deadlines();
    for (const worker of ["w7", "w8"] as const) world.exit(worker, null, "SIGSEGV");
    expect(world.trace.some((line) => line.includes("KillTemplate t1"))).toBe(true);
  });

  it("B23: a stop ends a template that is still loading at once, and counts no error", () => {
    const world = drive({ template });
    world.step({ type: "StartRequested", entry: "/srv/current/app.js" });
    world.step({ type: "ReleaseResolved", generation: 1, release: releaseOf(1) });
    world.fresh().step({ type: "StopRequested", now: false });
    world.templateExit("t1");
    expect(world.trace).toEqual([
      "t=0 StopRequested -> KillTemplate t1",
      "t=0 TemplateExited t1 -> SettleStart BROOD_ROLL_STOPPED; SettleStop",
    ]);
  });

  it("reverts from the old template, which lives until the roll is over", () => {
    const world = drive({ template, maxFailures: 1 }).start().restart(2).templateReady("t2");
    world.ready("w3").at(1_000).deadlines().exit("w1").fresh();
    world.exit("w4", 1).ready("w5").exit("w3");
    expect(world.trace).toEqual([
      "t=1000 WorkerExited w4 g2 -> SpawnWorker w5 slot=0 g1 from t1",
      "t=1000 WorkerReported w5 g1 -> AdmitWorker w5",
      "t=1000 WorkerReady w5 g1 -> DrainWorker w3",
      "t=1000 WorkerExited w3 g2 -> SettleRoll failed replaced=0 BROOD_BOOT_FAILED; KillTemplate t2",
    ]);
  });
});
