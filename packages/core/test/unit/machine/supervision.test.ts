import { describe, expect, it } from "vitest";
import { drive } from "./driver.ts";

describe("supervision", () => {
  it("drops events of workers that are gone or of another generation, and counts them", () => {
    const world = drive().start().exit("w1", null, "SIGKILL").fresh();
    world.beat("w1").step({ type: "WorkerReady", worker: "w2", generation: 9 });
    expect(world.trace).toEqual([
      "t=0 WorkerHeartbeat w1 g1 -> dropped: stale WorkerHeartbeat worker=w1 gen=1",
      "t=0 WorkerReady w2 g9 -> dropped: stale WorkerReady worker=w2 gen=9",
    ]);
    expect(world.machine.snapshot(0).counters.staleEvents).toBe(2);
  });

  it("D38: any exit leads to exactly one replacement, at once the first time", () => {
    const world = drive().start().fresh().at(10).exit("w1", null, "SIGKILL");
    expect(world.trace).toEqual(["t=10 WorkerExited w1 g1 -> SpawnWorker w3 slot=0 g1"]);
  });

  it("a worker that leaves on its own (TERM) is replaced after a short pause, so that a stop of the whole group meets no new one", () => {
    const world = drive()
      .start()
      .fresh()
      .worker("w2", { type: "WorkerDraining" })
      .exit("w2")
      .at(100)
      .deadlines();
    expect(world.trace).toEqual([
      "t=0 WorkerDraining w2 g1 -> DrainWorker w2",
      "t=0 WorkerExited w2 g1",
      "t=100 DeadlinesReached -> SpawnWorker w3 slot=1 g1",
    ]);
  });

  it("a stopped service wants no timer any more, so that its host can exit", () => {
    const world = drive().start();
    world.step({ type: "StopRequested", now: false });
    world.exit("w1").exit("w2");
    expect(world.machine.nextDeadlineAtMs()).toBeNull();
  });

  it("C34: a slot that keeps failing backs off with full jitter, the others are not held back", () => {
    const world = drive().start().entropy(0.999).exit("w1", 1).exit("w3", 1).fresh();
    world.exit("w2", 1).at(50).deadlines().at(100).deadlines();
    expect(world.trace).toEqual([
      "t=0 WorkerExited w2 g1 -> SpawnWorker w4 slot=1 g1",
      "t=50 DeadlinesReached",
      "t=100 DeadlinesReached -> SpawnWorker w5 slot=0 g1",
    ]);
  });

  it("a worker that was well for 30 s wipes its slot's failures", () => {
    const world = drive({ heartbeatTimeoutMs: 3_600_000 }).start().exit("w1", 1).at(0).ready("w3").fresh();
    world.at(30_000).exit("w3", 1);
    expect(world.trace).toEqual(["t=30000 WorkerExited w3 g1 -> SpawnWorker w4 slot=0 g1"]);
  });

  it("kills a silent worker once, replaces it once, and spends one permit of the kill budget", () => {
    const world = drive({ desired: 4 }).start().fresh();
    world.at(5_000).beat("w3").beat("w4").at(6_000).deadlines();
    expect(world.trace.at(-1)).toBe("t=6000 DeadlinesReached");
    world.at(7_000).deadlines();
    expect(world.trace.at(-1)).toBe("t=7000 DeadlinesReached -> ExamineWorker w1; ExamineWorker w2");
    world.at(7_250).deadlines();
    expect(world.trace.at(-1)).toBe("t=7250 DeadlinesReached -> KillWorker w1; SpawnWorker w5 slot=0 g1");
    world.exit("w1", null, "SIGKILL").at(8_250).deadlines();
    expect(world.trace.at(-1)).toBe("t=8250 DeadlinesReached");
    world.ready("w5").at(9_250).deadlines();
    expect(world.trace.at(-1)).toBe("t=9250 DeadlinesReached -> KillWorker w2; SpawnWorker w6 slot=1 g1");
  });

  it("D41: a supervisor that stood still kills nobody", () => {
    const world = drive({ desired: 3 }).start().fresh().at(60_000);
    world.step({ type: "DeadlinesReached", dueAtMs: 6_000 });
    expect(world.trace).toEqual(["t=60000 DeadlinesReached"]);
    // What the workers said meanwhile is read before the second look.
    world.beat("w1").beat("w2");
    world.at(61_000).deadlines();
    expect(world.trace.at(-1)).toBe("t=61000 DeadlinesReached -> ExamineWorker w3");
    world.at(61_250).deadlines();
    expect(world.trace.at(-1)).toContain("KillWorker w3");
  });

  it("D41: the last look after a stall is no longer than the whole time that a state had", () => {
    const world = drive({ desired: 1, drainTimeoutMs: 100 }).start().fresh().at(4_000);
    world.step({ type: "StopRequested", now: false });
    world.at(34_000).step({ type: "DeadlinesReached", dueAtMs: 4_100 });
    world.at(34_100).deadlines();
    expect(world.trace.at(-1)).toContain("t=34100 DeadlinesReached -> KillWorker w1");
  });

  it("D41: a stall makes a deadline later by itself, and no stall after it gives the whole time again", () => {
    const world = drive({ desired: 1, bootTimeoutMs: 30_000 }).start().exit("w1", null, "SIGKILL").fresh();
    // Two seconds of the boot's time were the supervisor's own: it has 32 s.
    world.at(12_000).step({ type: "DeadlinesReached", dueAtMs: 10_000 });
    world.at(31_000).deadlines();
    expect(world.trace).toEqual(["t=12000 DeadlinesReached", "t=31000 DeadlinesReached"]);
    // Due while it stood still once more: one last look, and that once.
    world.at(40_000).step({ type: "DeadlinesReached", dueAtMs: 32_000 });
    world.at(41_200).step({ type: "DeadlinesReached", dueAtMs: 40_500 });
    expect(world.trace.at(-2)).toBe("t=40000 DeadlinesReached");
    expect(world.trace.at(-1)).toContain("t=41200 DeadlinesReached -> KillWorker w2");
  });

  it("a message that the table does not know for the state ends that worker", () => {
    const world = drive().start().fresh().worker("w1", { type: "WorkerReady" });
    expect(world.trace).toEqual(["t=0 WorkerReady w1 g1 -> KillWorker w1; SpawnWorker w3 slot=0 g1"]);
  });

  it("D40: workers that reach their limit together are recycled one at a time, each after its successor is ready", () => {
    const world = drive({
      recycle: { requests: 100, jitter: 0, memoryBytes: null, ageMs: null, eventLoopDelayMs: null },
    })
      .start()
      .fresh();
    world.beat("w1", { requests: 100 }).beat("w2", { requests: 200 });
    world.ready("w3").exit("w1").ready("w4").exit("w2");
    expect(world.trace).toEqual([
      "t=0 WorkerHeartbeat w1 g1 -> SpawnWorker w3 slot=0 g1",
      "t=0 WorkerHeartbeat w2 g1",
      "t=0 WorkerReported w3 g1 -> AdmitWorker w3",
      "t=0 WorkerReady w3 g1 -> DrainWorker w1; SpawnWorker w4 slot=1 g1",
      "t=0 WorkerExited w1 g1",
      "t=0 WorkerReported w4 g1 -> AdmitWorker w4",
      "t=0 WorkerReady w4 g1 -> DrainWorker w2",
      "t=0 WorkerExited w2 g1",
    ]);
  });

  it("D39: shrinking takes away the oldest generation first and answers when surplus workers have gone", () => {
    const world = drive({ minHealthyMs: 0 }).start().restart(2).ready("w3").exit("w1").fresh();
    world.step({ type: "ScaleRequested", requestId: "s", desired: 1 });
    expect(world.trace.at(-1)).toContain("KillWorker w4; DrainWorker w2");
    world.exit("w4", null, "SIGKILL").exit("w2");
    expect(world.seats()).toEqual(["0:w3/g2 ready"]);
    expect(world.settled.map((each) => each.type)).toEqual(["SettleStart", "SettleRoll", "SettleScale"]);
  });

  it("a start whose first worker fails ends, leaves nothing running and says why", () => {
    const world = drive();
    world.step({ type: "StartRequested", entry: "/srv/current/app.js" });
    world.step({
      type: "ReleaseResolved",
      generation: 1,
      release: { entry: "/srv/r1/app.js", version: null, folder: "/srv/r1", fingerprint: "f1" },
    });
    world.exit("w1", 1, null, "boom").exit("w2", null, "SIGKILL");
    expect(world.trace.slice(-2)).toEqual([
      "t=0 WorkerExited w1 g1 -> KillWorker w2",
      "t=0 WorkerExited w2 g1 -> SettleStart BROOD_BOOT_FAILED; SettleStop",
    ]);
  });

  it("a stop wins over a roll: its caller is told, incoming workers end, ready ones drain", () => {
    const world = drive().start().restart(2).fresh();
    world.step({ type: "StopRequested", now: false });
    expect(world.trace.at(-1)).toBe(
      "t=0 StopRequested -> SettleRoll failed replaced=0 BROOD_ROLL_STOPPED; DrainWorker w1; DrainWorker w2; KillWorker w3",
    );
    world.exit("w3", null, "SIGKILL").exit("w1").exit("w2");
    expect(world.trace.at(-1)).toContain("SettleStop");
  });
});
