import { describe, expect, it } from "vitest";
import { type Answers, latencyBucket } from "../../../src/machine/answers.ts";
import type { WorkerId } from "../../../src/machine/names.ts";
import { NO_USAGE } from "../../../src/machine/names.ts";
import { drive } from "./driver.ts";

const CANARY = { requests: 100, maxErrorRateIncrease: 0.01, maxLatencyRatio: 2, timeoutMs: 10_000 };

function answers(good: number, bad = 0, tookMs = 10): Answers {
  const latency = Array.from({ length: latencyBucket(tookMs) }, () => 0);
  return { byClass: [0, good, 0, 0, bad], latency: [...latency, good + bad] };
}

type World = ReturnType<typeof drive>;

function beat(world: World, worker: WorkerId, given: Answers): void {
  world.worker(worker, { type: "WorkerHeartbeat", usage: NO_USAGE, answers: given });
}

/** One worker and a canary of generation 2 that has been healthy for long enough; the count has begun. */
function watching(config: Parameters<typeof drive>[0] = {}): World {
  const world = drive({
    desired: 1,
    minHealthyMs: 1_000,
    heartbeatTimeoutMs: 60_000,
    canary: CANARY,
    ...config,
  });
  world.start();
  beat(world, "w1", answers(5_000, 10));
  world.restart(2).ready("w2").fresh().at(1_000).deadlines();
  expect(world.trace).toEqual(["t=1000 DeadlinesReached -> AskWorker w1; AskWorker w2"]);
  beat(world, "w1", answers(6_000, 10));
  beat(world, "w2", answers(40, 40));
  world.fresh();
  return world;
}

describe("canary analysis", () => {
  it("goes on when the new generation answers no worse, by what came after the count began", () => {
    const world = watching();
    world.at(1_250).deadlines();
    beat(world, "w1", answers(6_200, 10));
    beat(world, "w2", answers(150, 40, 12));
    expect(world.machine.world.roll).toMatchObject({ step: "canary" });
    world.fresh().at(1_500).deadlines();
    expect(world.trace).toEqual(["t=1500 DeadlinesReached -> AskWorker w1; AskWorker w2; DrainWorker w1"]);
    world.exit("w1");
    expect(world.settled.at(-1)).toMatchObject({
      result: {
        result: "completed",
        canary: {
          verdict: "no worse",
          from: { requests: 200, errors: 0, errorRate: 0 },
          to: { requests: 110, errors: 0, errorRate: 0 },
        },
      },
    });
  });

  it("a larger share of 5xx fails the roll at its first worker, with the figures of both", () => {
    const world = watching();
    world.at(1_250).deadlines();
    beat(world, "w1", answers(6_200, 10));
    beat(world, "w2", answers(140, 45));
    world.fresh().at(1_500).deadlines();
    expect(world.trace).toEqual(["t=1500 DeadlinesReached -> AskWorker w1; AskWorker w2; DrainWorker w2"]);
    world.exit("w2");
    expect(world.trace.at(-1)).toContain("SettleRoll failed replaced=0 BROOD_CANARY_REGRESSED");
    const [settled] = world.settled.slice(-1);
    expect(settled).toMatchObject({
      result: {
        canary: { verdict: "worse", to: { requests: 105, errors: 5, errorRate: 0.0476 } },
        reason: {
          slot: 0,
          message:
            "gen=2 answers 4.8 % of 105 requests with 5xx, the old generation 0 % of 200 (canary.maxErrorRateIncrease 0.01). Compare the two releases, or change the option canary.",
        },
      },
    });
    expect(world.seats()).toEqual(["0:w1/g1 ready"]);
  });

  it("a p95 that is too many times the old one fails it as well; a difference of less than 5 ms does not", () => {
    const slow = watching();
    slow.at(1_250).deadlines();
    beat(slow, "w1", answers(6_200, 10));
    beat(slow, "w2", {
      byClass: [0, 140, 0, 0, 40],
      latency: [...answers(80).latency, 0, 0, 0, 0, 0, 0, 0, 100],
    });
    slow.at(1_500).deadlines().exit("w2");
    expect(slow.trace.at(-1)).toContain("BROOD_CANARY_REGRESSED");
    const quick = watching();
    quick.at(1_250).deadlines();
    beat(quick, "w1", { byClass: [0, 6_200, 0, 0, 10], latency: [200, ...answers(6_010).latency.slice(1)] });
    beat(quick, "w2", {
      byClass: [0, 140, 0, 0, 40],
      latency: [0, 0, 0, 0, 0, 0, 0, 100, ...answers(80).latency.slice(8)],
    });
    quick.at(1_500).deadlines();
    expect(quick.machine.world.roll).toMatchObject({ step: "rolling" });
  });

  it("with too few requests the roll goes on at the timeout, and says so", () => {
    const world = watching();
    world.at(11_249).deadlines();
    expect(world.machine.world.roll).toMatchObject({ step: "canary" });
    world.at(11_500).deadlines().exit("w1");
    expect(world.settled.at(-1)).toMatchObject({
      result: { result: "completed", canary: { verdict: "too few requests", to: { requests: 0 } } },
    });
  });

  it("a regression that shows only later in the roll reverts it, old workers' answers kept in the account", () => {
    const later = drive({ desired: 2, minHealthyMs: 0, heartbeatTimeoutMs: 60_000, canary: CANARY }).start();
    later.restart(2).ready("w3");
    for (const id of ["w1", "w2", "w3"] as const) beat(later, id, answers(0));
    later.at(250).deadlines();
    beat(later, "w1", answers(200));
    beat(later, "w3", answers(150));
    later.fresh().at(500).deadlines();
    expect(later.trace).toEqual([
      "t=500 DeadlinesReached -> AskWorker w1; AskWorker w2; AskWorker w3; DrainWorker w1; SpawnWorker w4 slot=1 g2",
    ]);
    later.exit("w1").ready("w4");
    beat(later, "w4", answers(0, 100));
    later.fresh().at(750).deadlines();
    expect(later.trace).toEqual([
      "t=750 DeadlinesReached -> AskWorker w2; AskWorker w3; AskWorker w4; SpawnWorker w5 slot=0 g1",
    ]);
    expect(later.machine.snapshot(750).roll).toMatchObject({
      step: "reverting",
      canary: { verdict: "worse", from: { requests: 200 }, to: { requests: 250, errors: 100 } },
    });
  });

  it("a canary that dies while it is looked at fails the roll, however long it had lived", () => {
    const world = watching();
    world.at(5_000).exit("w2", 1);
    expect(world.trace.at(-1)).toContain("SettleRoll failed replaced=0 BROOD_WORKER_EXITED");
  });

  it("asks sixteen workers of each generation at most", () => {
    const world = drive({ desired: 100, minHealthyMs: 0, canary: CANARY })
      .start()
      .restart(2)
      .fresh()
      .ready("w101");
    expect(world.trace.join().match(/AskWorker/g)).toHaveLength(17);
  });
});

describe("recycling by event-loop delay", () => {
  it("takes three slow heartbeats in a row", () => {
    const world = drive({
      desired: 1,
      recycle: { requests: null, jitter: 0, memoryBytes: null, ageMs: null, eventLoopDelayMs: 100 },
    }).start();
    const slow = { eventLoopDelayMs: 101 };
    world
      .beat("w1", slow)
      .beat("w1", slow)
      .beat("w1")
      .beat("w1", slow)
      .beat("w1", slow)
      .fresh()
      .beat("w1", slow);
    expect(world.trace).toEqual(["t=0 WorkerHeartbeat w1 g1 -> SpawnWorker w2 slot=0 g1"]);
  });
});
