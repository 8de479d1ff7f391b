import { describe, expect, it } from "vitest";
import { drive, releaseOf } from "./driver.ts";

describe("a roll that fails late", () => {
  it("goes back at once, however slowly the workers it has replaced still drain", () => {
    const world = drive({ desired: 3, minHealthyMs: 0, maxFailures: 1 }).start().restart(2);
    // Two old workers still drain: the budget of a roll that goes forward is spent.
    world.ready("w4").ready("w5").fresh();
    expect(world.seats()).toContain("0:w1/g1 draining");
    expect(world.seats()).toContain("1:w2/g1 draining");
    world.at(10).exit("w5", 1);
    expect(world.trace).toEqual([
      "t=10 WorkerExited w5 g2 -> SpawnWorker w6 slot=1 g1; SpawnWorker w7 slot=0 g1",
    ]);
  });
});

describe("a roll to a release that was put over the old one", () => {
  /** The same entry, other code; the second new worker fails. */
  function overwritten(config: Parameters<typeof drive>[0] = {}) {
    const world = drive({ desired: 2, minHealthyMs: 0, maxFailures: 1, ...config }).start();
    const release = { ...releaseOf(1), fingerprint: "edited" };
    world.step({ type: "RestartRequested", requestId: "r2", entry: null });
    world.step({ type: "ReleaseResolved", generation: 2, release });
    return { world, release };
  }

  it("G67: does not go back when it fails, for the old code is not there any more: what serves goes on serving", () => {
    const { world, release } = overwritten();
    world.hello("w3", { release }).worker("w3", { type: "WorkerReady" }).exit("w1").fresh();
    world.exit("w4", 1);
    expect(world.trace).toEqual(["t=0 WorkerExited w4 g2 -> SettleRoll failed replaced=1 BROOD_BOOT_FAILED"]);
    expect(world.seats()).toEqual(["0:w3/g2 ready", "1:w2/g1 ready"]);
  });

  it("G67: goes back where the old template still has the old code", () => {
    const { world, release } = overwritten({ template: { fallback: "fresh", failuresMax: 3 } });
    world.templateHello("t2", { release }).template("t2", { type: "TemplateReady" });
    world.hello("w3", { release }).worker("w3", { type: "WorkerReady" }).exit("w1").fresh();
    world.exit("w4", 1);
    expect(world.trace[0]).toContain("SpawnWorker w5 slot=0 g1 from t1");
  });
});

describe("a canary that the operating system cannot start", () => {
  it("is sent again after a back-off, and fails the roll at maxFailures", () => {
    const world = drive({ desired: 1, heartbeatTimeoutMs: 60_000 }).start().restart(2).fresh();
    const fail = { type: "WorkerSpawnFailed", code: "BROOD_SPAWN_FAILED", message: "spawn EAGAIN" } as const;
    world.worker("w2", fail);
    expect(world.trace).toEqual(["t=0 WorkerSpawnFailed w2 g2"]);
    expect(world.machine.nextDeadlineAtMs()).toBeLessThanOrEqual(100);
    world.fresh().at(100).deadlines();
    expect(world.trace).toEqual(["t=100 DeadlinesReached -> SpawnWorker w3 slot=0 g2"]);
    world.worker("w3", fail).at(400).deadlines().fresh().worker("w4", fail);
    expect(world.trace).toEqual([
      "t=400 WorkerSpawnFailed w4 g2 -> SettleRoll failed replaced=0 BROOD_SPAWN_FAILED",
    ]);
  });
});
