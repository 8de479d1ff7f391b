import { describe, expect, it } from "vitest";
import { type CONFIG, drive, releaseOf } from "./driver.ts";

/** Two workers of generation 1; heartbeats are of no concern unless a test says so. */
function started(settings: Partial<typeof CONFIG> = {}) {
  return drive({ desired: 2, minHealthyMs: 100, heartbeatTimeoutMs: 60_000, ...settings })
    .start()
    .fresh();
}

describe("settings that a restart reads anew", () => {
  it("bring more workers when the canary is proven, on the new generation, and complete with them", () => {
    const world = started().restart(2, { desired: 4, maxSurge: 4 });
    world.at(10).ready("w3").at(110).deadlines();
    expect(world.trace).toEqual([
      "t=0 RestartRequested -> ResolveRelease g2",
      "t=0 ReleaseResolved g2 -> SpawnWorker w3 slot=0 g2",
      "t=10 WorkerReported w3 g2 -> AdmitWorker w3",
      "t=10 WorkerReady w3 g2",
      "t=110 DeadlinesReached -> DrainWorker w1; SpawnWorker w4 slot=2 g2; SpawnWorker w5 slot=3 g2; SpawnWorker w6 slot=1 g2",
    ]);
    world.ready("w4", "w5", "w6").exit("w1").exit("w2");
    expect(world.trace.at(-1)).toBe("t=110 WorkerExited w2 g1 -> SettleRoll completed replaced=4");
    expect(world.machine.world).toMatchObject({ desired: 4, desiredBefore: null, config: { desired: 4 } });
  });

  it("take surplus workers of the old generation away only when the canary is proven", () => {
    const world = started({ desired: 3 }).restart(2, { desired: 1 });
    world.at(10).ready("w4");
    expect(world.machine.world.desired).toBe(3);
    world.at(110).deadlines();
    expect(world.trace.at(-1)).toBe(
      "t=110 DeadlinesReached -> DrainWorker w1; DrainWorker w3; CloseSlot slot=2; DrainWorker w2; CloseSlot slot=1",
    );
    world.exit("w1").exit("w2").exit("w3");
    expect(world.trace.at(-1)).toContain("SettleRoll completed replaced=1");
  });

  it("C27: go with a canary that fails: neither the number nor a limit has changed", () => {
    const world = started().restart(2, { desired: 4, maxFailures: 9 });
    expect(world.machine.world.config.maxFailures).toBe(9);
    world.exit("w3", 1);
    expect(world.trace.at(-1)).toContain("SettleRoll failed");
    expect(world.machine.world).toMatchObject({ desired: 2, config: { desired: 2, maxFailures: 3 } });
    expect(world.seats()).toEqual(["0:w1/g1 ready", "1:w2/g1 ready"]);
  });

  it("go back with a roll that fails late: slots that came with it go first, and lost ones are filled with old code", () => {
    const world = started().restart(2, { desired: 3, maxFailures: 1 });
    world.at(10).ready("w3").at(110).deadlines().ready("w4").exit("w1").fresh();
    expect(world.seats()).toEqual(["0:w3/g2 ready", "1:w2/g1 ready", "1:w5/g2 spawning", "2:w4/g2 ready"]);
    world.exit("w5", 1);
    expect(world.trace).toEqual([
      "t=110 WorkerExited w5 g2 -> DrainWorker w4; CloseSlot slot=2; SpawnWorker w6 slot=0 g1",
    ]);
    world.exit("w4").ready("w6").exit("w3");
    expect(world.trace.at(-1)).toContain("SettleRoll failed");
    expect(world.machine.world).toMatchObject({ desired: 2, config: { desired: 2 } });
    expect(world.seats()).toEqual(["0:w6/g1 ready", "1:w2/g1 ready"]);
  });

  it("C27: bring back the workers that a roll took away when it fails after that", () => {
    const world = started({ desired: 3 }).restart(2, { desired: 2, maxFailures: 1 });
    world.at(10).ready("w4").at(110).deadlines();
    expect(world.machine.world.desired).toBe(2);
    world.exit("w1").fresh().exit("w5", 1);
    expect(world.trace[0]).toContain("SpawnWorker w6 slot=2 g1");
    expect(world.machine.world.desired).toBe(3);
  });

  it("leave a number alone that they do not change: what somebody scaled to stays", () => {
    const world = started();
    world.step({ type: "ScaleRequested", requestId: "s", desired: 3 });
    world.ready("w3").restart(2).at(10).ready("w4").at(110).deadlines();
    expect(world.machine.world.desired).toBe(3);
  });

  it("D39: have no say against who scales while the roll runs, whatever becomes of it", () => {
    for (const scaledAtMs of [20, 120]) {
      const world = started().restart(2, { desired: 4, maxFailures: 1 }).at(10).ready("w3");
      if (scaledAtMs > 110) world.at(110).deadlines();
      world.at(scaledAtMs).step({ type: "ScaleRequested", requestId: "s", desired: 3 });
      world.at(130).deadlines();
      expect(world.machine.world.desired).toBe(3);
      const newest = world.machine.snapshot(130).workers.find(({ state }) => state === "spawning");
      world.exit(newest?.worker ?? "w0", 1);
      expect(world.machine.world).toMatchObject({ desired: 3, desiredBefore: null });
    }
  });

  it("A5: of a superseded roll go back when the newer one fails before it began", () => {
    const world = started().restart(2, { desired: 4 }).at(10).ready("w3").at(110).deadlines();
    expect(world.machine.world.desired).toBe(4);
    world.step({ type: "RestartRequested", requestId: "r3", entry: null });
    const reason = { code: "BROOD_BAD_OPTION", message: "option workers: got 0" };
    world.step({ type: "ReleaseRejected", generation: 3, reason });
    expect(world.machine.world).toMatchObject({ desired: 2, config: { desired: 2 } });
    expect(world.machine.world.roll).toMatchObject({ step: "reverting", to: 3 });
  });

  it("A5: of a superseded roll do not outlive a newer one that wants the old number again", () => {
    const world = started().restart(2, { desired: 4 }).at(10).ready("w3").at(110).deadlines();
    world.fresh().restart(3, { desired: 2 });
    expect(world.trace[0]).toContain("KillWorker w5; CloseSlot slot=3; CloseSlot slot=2");
    expect(world.machine.world).toMatchObject({ desired: 2, desiredBefore: null });
  });

  it("A5: of a superseded roll keep workers away that the newer one wants no more either", () => {
    const world = started({ desired: 3 }).restart(2, { desired: 1 }).at(10).ready("w4").at(110).deadlines();
    world.restart(3, { desired: 1 });
    expect(world.machine.world).toMatchObject({ desired: 1, desiredBefore: 3 });
    world.exit("w1").exit("w2").exit("w3").exit("w5", 1);
    expect(world.machine.world).toMatchObject({ desired: 3, desiredBefore: null, config: { desired: 3 } });
  });

  it("that are refused end the restart before anything is touched", () => {
    const world = started();
    world.step({ type: "RestartRequested", requestId: "r", entry: null });
    const reason = { code: "BROOD_NEEDS_START", message: "option listen" };
    world.step({ type: "ReleaseRejected", generation: 2, reason });
    expect(world.trace).toEqual([
      "t=0 RestartRequested -> ResolveRelease g2",
      "t=0 ReleaseRejected g2 -> SettleRoll failed replaced=0 BROOD_NEEDS_START",
    ]);
  });

  it("hold for workers of their generation only: each is judged by the heartbeat that it was told to send", () => {
    const world = started({ heartbeatTimeoutMs: 6_000, minHealthyMs: 60_000 });
    world.restart(2, { heartbeatTimeoutMs: 200 });
    world.at(10).ready("w3").fresh();
    // 290 ms of silence: twice too long for the new one, nothing for the old ones.
    world.at(210).deadlines().at(260).deadlines().at(310).deadlines();
    expect(world.trace.map((line) => line.split(" -> ")[1]).filter((line) => line !== undefined)).toEqual([
      "ExamineWorker w3",
      "KillWorker w3",
    ]);
  });

  it("hold for a drain: a worker has the time that its own generation was promised", () => {
    const world = started({ drainTimeoutMs: 5_000, heartbeatTimeoutMs: 600_000 });
    world.restart(2, { drainTimeoutMs: 100, heartbeatTimeoutMs: 600_000 }).at(10).ready("w3");
    world.at(110).deadlines().fresh().at(300).deadlines();
    expect(world.trace).toEqual(["t=300 DeadlinesReached"]);
    world.at(5_110).deadlines();
    expect(world.trace.at(-1)).toBe("t=5110 DeadlinesReached -> KillWorker w1");
  });

  it("C32: come back with the generation that a restart goes back to", () => {
    const world = started({ minHealthyMs: 0 }).restart(2, { desired: 3, maxSurge: 2 });
    world.ready("w3").ready("w4").ready("w5").exit("w1").exit("w2").fresh();
    expect(world.machine.snapshot(0)).toMatchObject({ generation: 2, desired: 3, roll: null });
    world.step({ type: "RestartRequested", requestId: "back", entry: null, to: 1 });
    world.step({ type: "ReleaseResolved", generation: 3, release: releaseOf(1) });
    expect(world.machine.world.config).toMatchObject({ desired: 2, maxSurge: 1 });
    world.hello("w6", { release: releaseOf(1) }).worker("w6", { type: "WorkerReady" });
    expect(world.machine.world.desired).toBe(2);
  });

  it("name another entry: the next restart resolves that one, unless the roll failed", () => {
    const world = started({ desired: 1, minHealthyMs: 0 });
    const orders: unknown[] = [];
    const restart = (generation: number, entry?: string): void => {
      const before = world.machine.world;
      world.step({ type: "RestartRequested", requestId: `r${generation}`, entry: null });
      orders.push(before.roll?.entry);
      const release = releaseOf(generation);
      world.step({ type: "ReleaseResolved", generation, release, ...(entry === undefined ? {} : { entry }) });
    };
    restart(2, "/srv/other.js");
    world.exit("w2", 1);
    restart(3, "/srv/other.js");
    world.ready("w3").exit("w1");
    restart(4);
    expect(orders).toEqual(["/srv/current/app.js", "/srv/current/app.js", "/srv/other.js"]);
  });

  it("hold for templates too, and for what is forked from them", () => {
    const template = { fallback: "wait", failuresMax: 2 } as const;
    const world = started({ template, bootTimeoutMs: 1_000 }).restart(2, { bootTimeoutMs: 5_000 });
    world.fresh().at(1_500).deadlines();
    expect(world.trace).toEqual(["t=1500 DeadlinesReached"]);
    world.at(5_000).deadlines();
    expect(world.trace.at(-1)).toBe("t=5000 DeadlinesReached -> KillTemplate t2");
  });
});
