import { describe, expect, it } from "vitest";
import { drive } from "./driver.ts";

type World = ReturnType<typeof drive>;
type Config = Parameters<typeof drive>[0];

/** The canary has booted for 400 ms and is ready at t=400, so it is proven at t=1400. */
function watched(config: Config = {}): World {
  const { desired = 4 } = config ?? {};
  const world = drive({ desired, heartbeatTimeoutMs: 60_000, ...config }).start();
  return world
    .restart(2)
    .at(400)
    .ready(`w${desired + 1}`)
    .fresh();
}

/** At t=1000 w6 was sent to slot 1, beside w2. */
const followed = (config: Config = {}): World => watched(config).at(1_000).deadlines();

describe("followers", () => {
  it("boot as long before the canary's proof as it took, and are admitted with it, not before", () => {
    const world = watched({ desired: 3 });
    expect(world.machine.nextDeadlineAtMs()).toBe(1_000);
    world.at(999).deadlines().at(1_000).deadlines();
    world.at(1_100).hello("w5").worker("w5", { type: "WorkerPosted", payload: "early" });
    expect(world.machine.snapshot(1_200).workers).toMatchObject([
      { worker: "w1" },
      { worker: "w4", state: "ready" },
      { worker: "w2" },
      { worker: "w5", state: "booting", generation: 2, readyAfterMs: null },
      { worker: "w3" },
    ]);
    world.at(1_400).deadlines().worker("w5", { type: "WorkerReady" });
    world.at(1_500).exit("w1").exit("w2").ready("w6").exit("w3");
    expect(world.trace).toEqual([
      "t=999 DeadlinesReached",
      "t=1000 DeadlinesReached -> SpawnWorker w5 slot=1 g2",
      "t=1100 WorkerReported w5 g2",
      "t=1100 WorkerPosted w5 g2",
      "t=1400 DeadlinesReached -> DrainWorker w1; AdmitWorker w5",
      "t=1400 WorkerReady w5 g2 -> DrainWorker w2",
      "t=1500 WorkerExited w1 g1 -> SpawnWorker w6 slot=2 g2",
      "t=1500 WorkerExited w2 g1",
      "t=1500 WorkerReported w6 g2 -> AdmitWorker w6",
      "t=1500 WorkerReady w6 g2 -> DrainWorker w3",
      "t=1500 WorkerExited w3 g1 -> SettleRoll completed replaced=3",
    ]);
  });

  it("one that has not reported by then is admitted when it does", () => {
    const world = followed().at(1_400).deadlines().at(1_450).hello("w6");
    expect(world.trace.slice(-2)).toEqual([
      "t=1400 DeadlinesReached -> DrainWorker w1",
      "t=1450 WorkerReported w6 g2 -> AdmitWorker w6",
    ]);
  });

  it("come at once when the canary booted for longer than it is watched, and not at all without a watch", () => {
    const slow = watched({ minHealthyMs: 300 });
    expect(slow.seats()).toContain("1:w6/g2 spawning");
    const unwatched = drive({ desired: 4, minHealthyMs: 0 }).start().restart(2).at(400).fresh().ready("w5");
    expect(unwatched.trace).toEqual([
      "t=400 WorkerReported w5 g2 -> AdmitWorker w5",
      "t=400 WorkerReady w5 g2 -> DrainWorker w1; SpawnWorker w6 slot=1 g2",
    ]);
  });

  it("are maxSurge many, for which the canary that is watched counts as one that leaves", () => {
    expect(followed({ maxSurge: 2 }).trace).toEqual([
      "t=1000 DeadlinesReached -> SpawnWorker w6 slot=1 g2; SpawnWorker w7 slot=2 g2",
    ]);
    expect(followed({ maxSurge: 2, bootConcurrency: 1 }).trace).toEqual([
      "t=1000 DeadlinesReached -> SpawnWorker w6 slot=1 g2",
    ]);
    const unsurged = drive({ desired: 4, maxSurge: 0, maxUnavailable: 2 }).start().restart(2).at(400);
    unsurged.ready("w5").fresh().at(1_000).deadlines();
    expect(unsurged.trace).toEqual(["t=1000 DeadlinesReached"]);
  });

  it("one that has booted waits without a permit, so that as many as maxSurge wait for the proof; then they take turns", () => {
    const world = watched({ desired: 8, maxSurge: 3, bootConcurrency: 1 }).at(900).deadlines();
    world.at(1_000).hello("w10").worker("w10", { type: "WorkerBooted" });
    world.at(1_100).hello("w11").worker("w11", { type: "WorkerBooted" });
    world.at(1_200).hello("w12").worker("w12", { type: "WorkerBooted" });
    expect(world.seats().slice(0, 8)).toEqual([
      "0:w1/g1 ready",
      "0:w9/g2 ready",
      "1:w2/g1 ready",
      "1:w10/g2 booting",
      "2:w3/g1 ready",
      "2:w11/g2 booting",
      "3:w4/g1 ready",
      "3:w12/g2 booting",
    ]);
    world.at(1_400).deadlines().worker("w10", { type: "WorkerReady" }).exit("w1");
    world.worker("w11", { type: "WorkerReady" }).worker("w12", { type: "WorkerReady" });
    expect(world.trace).toEqual([
      "t=900 DeadlinesReached -> SpawnWorker w10 slot=1 g2",
      "t=1000 WorkerReported w10 g2",
      "t=1000 WorkerBooted w10 g2 -> SpawnWorker w11 slot=2 g2",
      "t=1100 WorkerReported w11 g2",
      "t=1100 WorkerBooted w11 g2 -> SpawnWorker w12 slot=3 g2",
      "t=1200 WorkerReported w12 g2",
      "t=1200 WorkerBooted w12 g2",
      "t=1400 DeadlinesReached -> DrainWorker w1; AdmitWorker w10",
      "t=1400 WorkerReady w10 g2 -> DrainWorker w2; AdmitWorker w11",
      "t=1400 WorkerExited w1 g1",
      "t=1400 WorkerReady w11 g2 -> DrainWorker w3; AdmitWorker w12",
      "t=1400 WorkerReady w12 g2 -> DrainWorker w4; SpawnWorker w13 slot=4 g2",
    ]);
  });

  it("one that still waits when its slot loses its current worker opens at once, and a failed roll ends it", () => {
    const three = (config: Config = {}): World => {
      const world = watched({ desired: 8, maxSurge: 3, bootConcurrency: 1, ...config })
        .at(900)
        .deadlines();
      for (const id of ["w10", "w11", "w12"] as const) world.hello(id).worker(id, { type: "WorkerBooted" });
      return world.at(1_400).deadlines().fresh();
    };
    expect(three().exit("w4", null, "SIGKILL").trace).toEqual([
      "t=1400 WorkerExited w4 g1 -> AdmitWorker w12",
    ]);
    expect(three().exit("w12", 1).exit("w10", 1).trace).toEqual([
      "t=1400 WorkerExited w12 g2",
      "t=1400 WorkerExited w10 g2 -> AdmitWorker w11",
    ]);
    const failed = three({ maxFailures: 1 }).exit("w10", 1);
    expect(failed.trace[0]).toBe(
      "t=1400 WorkerExited w10 g2 -> KillWorker w11; KillWorker w12; SpawnWorker w13 slot=0 g1",
    );
  });

  it("come so early that all have booted by the proof, as many at a time as may; but not before half of the watch", () => {
    const firstAtMs = (config: Config): number | null => {
      const world = drive({ desired: 8, bootConcurrency: 2, heartbeatTimeoutMs: 60_000, ...config }).start();
      return world.restart(2).at(100).ready("w9").machine.nextDeadlineAtMs();
    };
    expect(firstAtMs({ maxSurge: 1 })).toBe(1_000);
    expect(firstAtMs({ maxSurge: 4 })).toBe(900);
    expect(firstAtMs({ maxSurge: 20 })).toBe(700);
    expect(firstAtMs({ maxSurge: 20, minHealthyMs: 600 })).toBe(400);
  });

  it("do not come while a drain of before takes the budget", () => {
    const world = drive({ desired: 4, heartbeatTimeoutMs: 60_000 }).start();
    world.worker("w4", { type: "WorkerDraining" }).at(100).deadlines().ready("w5");
    world.restart(2).at(500).ready("w6").fresh().at(1_100).deadlines().exit("w4");
    expect(world.trace).toEqual([
      "t=1100 DeadlinesReached",
      "t=1100 WorkerExited w4 g1 -> SpawnWorker w7 slot=1 g2",
    ]);
  });

  it("do not come with canary analysis: nobody knows when that ends", () => {
    const canary = { requests: 100, maxErrorRateIncrease: 0.01, maxLatencyRatio: 2, timeoutMs: 10_000 };
    expect(followed({ canary }).trace).toEqual(["t=1000 DeadlinesReached"]);
  });

  it("C28: go when the canary fails, before anybody else of its generation has served", () => {
    const world = followed().hello("w6").fresh().at(1_200).exit("w5", 1);
    expect(world.trace).toEqual(["t=1200 WorkerExited w5 g2 -> KillWorker w6"]);
    world.exit("w6", null, "SIGKILL");
    expect(world.trace.at(-1)).toContain("SettleRoll failed replaced=0 BROOD_UNHEALTHY");
    expect(world.machine.snapshot(1_200)).toMatchObject({ state: "running", counters: { crashed: 1 } });
  });

  it("go when the canary is told to go, before it has gone", () => {
    const world = followed().hello("w6").fresh().worker("w5", { type: "WorkerDraining" });
    expect(world.trace).toEqual(["t=1000 WorkerDraining w5 g2 -> DrainWorker w5; KillWorker w6"]);
  });

  it("C27: one that fails while the canary is watched fails the roll, as the canary would", () => {
    const world = followed().hello("w6").fresh().at(1_200).exit("w6", 7, null, "boom");
    expect(world.trace).toEqual(["t=1200 WorkerExited w6 g2 -> DrainWorker w5"]);
    world.exit("w5");
    expect(world.settled.at(-1)).toMatchObject({
      result: { result: "failed", reason: { code: "BROOD_BOOT_FAILED", slot: 1, stderr: "boom" } },
    });
  });

  it("A4: one that reports another generation is killed and fails the roll", () => {
    const world = followed().fresh().hello("w6", { generation: 1 }).exit("w6", null, "SIGKILL").exit("w5");
    expect(world.trace[0]).toBe("t=1000 WorkerReported w6 g2 -> KillWorker w6");
    expect(world.trace.at(-1)).toContain("SettleRoll failed replaced=0 BROOD_GENERATION_MISMATCH");
  });

  it("one that says it is ready, or reports again, before it was admitted breaks the protocol", () => {
    for (const event of [{ type: "WorkerReady" }, { type: "WorkerDraining" }] as const) {
      const held = followed().hello("w6");
      const waiting = followed().hello("w6").worker("w6", { type: "WorkerBooted" });
      for (const world of [held, waiting]) {
        expect(world.fresh().worker("w6", event).trace).toEqual([
          `t=1000 ${event.type} w6 g2 -> KillWorker w6`,
        ]);
      }
    }
    const twice = followed().hello("w6").worker("w6", { type: "WorkerBooted" }).fresh();
    expect(twice.worker("w6", { type: "WorkerBooted" }).trace).toEqual([
      "t=1000 WorkerBooted w6 g2 -> KillWorker w6",
    ]);
    expect(followed().hello("w6").fresh().hello("w6").trace).toEqual([
      "t=1000 WorkerReported w6 g2 -> KillWorker w6",
    ]);
  });

  it("one that the operating system could not start is no verdict, but nobody else is sent ahead", () => {
    const world = followed()
      .fresh()
      .worker("w6", { type: "WorkerSpawnFailed", code: "BROOD_SPAWN_FAILED", message: "EAGAIN" });
    world.at(1_100).deadlines().at(1_400).deadlines();
    expect(world.trace).toEqual([
      "t=1000 WorkerSpawnFailed w6 g2",
      "t=1100 DeadlinesReached",
      "t=1400 DeadlinesReached -> DrainWorker w1; SpawnWorker w7 slot=2 g2",
    ]);
  });

  it("C31: one whose slot loses its current worker makes way: the slot comes back on the last good generation", () => {
    const world = followed().hello("w6").fresh().at(1_200).exit("w2", null, "SIGKILL");
    expect(world.trace).toEqual(["t=1200 WorkerExited w2 g1 -> KillWorker w6; SpawnWorker w7 slot=1 g1"]);
    world.exit("w6", null, "SIGKILL");
    expect(world.trace.at(-1)).toBe("t=1200 WorkerExited w6 g2 -> SpawnWorker w8 slot=2 g2");
  });

  it("the youngest makes way when an empty slot has no permit to boot", () => {
    const world = followed({ maxSurge: 2, bootConcurrency: 2 }).fresh().at(1_200).exit("w4", null, "SIGKILL");
    expect(world.trace).toEqual(["t=1200 WorkerExited w4 g1 -> KillWorker w7; SpawnWorker w8 slot=3 g1"]);
    world.ready("w8");
    expect(world.trace.at(-1)).toBe("t=1200 WorkerReady w8 g1 -> SpawnWorker w9 slot=3 g2");
  });

  it("one that waits has no permit to give, so that the youngest that boots makes way", () => {
    const world = followed({ desired: 6, maxSurge: 3, bootConcurrency: 2 }).hello("w9");
    world.worker("w9", { type: "WorkerBooted" }).fresh().at(1_200).exit("w6", null, "SIGKILL");
    expect(world.trace).toEqual(["t=1200 WorkerExited w6 g1 -> KillWorker w10; SpawnWorker w11 slot=5 g1"]);
    const waiting = followed({ maxSurge: 2, bootConcurrency: 1 }).hello("w6");
    waiting.worker("w6", { type: "WorkerBooted" }).hello("w7").worker("w7", { type: "WorkerBooted" }).fresh();
    waiting.at(1_200).exit("w4", null, "SIGKILL");
    expect(waiting.trace).toEqual(["t=1200 WorkerExited w4 g1 -> SpawnWorker w8 slot=3 g1"]);
  });

  it("go with a newer restart, with their slot, and with a stop", () => {
    expect(followed().hello("w6").fresh().restart(3).trace[0]).toBe(
      "t=1000 RestartRequested -> DrainWorker w5; KillWorker w6; SettleRoll superseded replaced=0; ResolveRelease g3",
    );
    const scaled = followed({ desired: 2 }).hello("w4").fresh();
    scaled.step({ type: "ScaleRequested", requestId: "s", desired: 1 });
    expect(scaled.trace).toEqual([
      "t=1000 ScaleRequested -> KillWorker w4; DrainWorker w2; CloseSlot slot=1",
    ]);
    const stopped = followed().hello("w6").fresh();
    stopped.step({ type: "StopRequested", now: false });
    expect(stopped.trace[0]).toContain("KillWorker w6");
  });

  it("go with the slot of the canary; another one is sent, and they come back for it", () => {
    const world = followed({ desired: 3 }).hello("w5").fresh();
    world.worker("w4", { type: "WorkerDismissed", reason: null });
    expect(world.trace).toEqual(["t=1000 WorkerDismissed w4 g2 -> DrainWorker w4; KillWorker w5"]);
    world.exit("w5", null, "SIGKILL");
    expect(world.trace.at(-1)).toBe("t=1000 WorkerExited w5 g2 -> SpawnWorker w6 slot=0 g2");
    world.exit("w4").at(1_100).ready("w6").fresh().at(2_000).deadlines();
    expect(world.trace).toEqual(["t=2000 DeadlinesReached -> SpawnWorker w7 slot=2 g2"]);
  });

  it("their boot deadline does not run while they wait for us, and begins anew when they are admitted", () => {
    const world = watched({ minHealthyMs: 2_000, bootTimeoutMs: 500 }).at(2_000).deadlines().hello("w6");
    world.worker("w6", { type: "WorkerBooted" }).fresh().at(2_399).deadlines();
    world.machine.world.deadlines.push({ kind: "state", subject: 6, atMs: 2_399 });
    const held = world.machine.world.registry.workers.get("w6");
    if (held !== undefined) held.stateDeadlineAtMs = 2_399;
    world.deadlines().at(2_400).deadlines().at(2_899).deadlines().at(2_900).deadlines();
    expect(world.trace).toEqual([
      "t=2399 DeadlinesReached",
      "t=2399 DeadlinesReached",
      "t=2400 DeadlinesReached -> DrainWorker w1; AdmitWorker w6",
      "t=2899 DeadlinesReached",
      "t=2900 DeadlinesReached -> KillWorker w6",
    ]);
  });

  it("an empty slot's canary serves at once and is watched all the same; followers wait for it", () => {
    const world = drive({ desired: 3, heartbeatTimeoutMs: 60_000 }).start();
    world.worker("w1", { type: "WorkerDraining" }).restart(2).at(50).ready("w4").fresh();
    world.at(1_000).deadlines().hello("w5");
    expect(world.trace.at(-1)).toBe("t=1000 WorkerReported w5 g2");
    world.at(1_050).deadlines();
    expect(world.trace.at(-1)).toContain("AdmitWorker w5");
  });
});
