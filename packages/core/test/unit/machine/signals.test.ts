// Signals to a worker, and the announcement of a stop.

import { describe, expect, it } from "vitest";
import { drive } from "./driver.ts";

const signalled = { type: "WorkerSignalled" } as const;

describe("a worker that was sent TERM", () => {
  it("goes on until the supervisor has had time to be stopped itself, then drains and is replaced", () => {
    const world = drive().start().at(60_000).fresh();
    world.worker("w1", signalled).at(60_100).deadlines();
    world.worker("w1", { type: "WorkerDraining" }).at(60_150).exit("w1");
    expect(world.trace).toEqual([
      "t=60000 WorkerSignalled w1 g1",
      "t=60100 DeadlinesReached -> DrainWorker w1; SpawnWorker w3 slot=0 g1",
      "t=60100 WorkerDraining w1 g1",
      "t=60150 WorkerExited w1 g1",
    ]);
    expect(world.machine.world.counters.crashed).toBe(0);
  });

  it("G69: a signal to the whole group is one stop: nobody is replaced, each drains once", () => {
    const world = drive().start().at(60_000).fresh();
    world.worker("w1", signalled);
    world.step({ type: "StopRequested", now: false });
    world.worker("w2", signalled).at(60_100).deadlines();
    expect(world.trace).toEqual([
      "t=60000 WorkerSignalled w1 g1",
      "t=60000 StopRequested -> DrainWorker w1; DrainWorker w2",
      "t=60000 WorkerSignalled w2 g1",
      "t=60100 DeadlinesReached",
    ]);
  });

  it("twice is once", () => {
    const world = drive().start().at(60_000).fresh().worker("w1", signalled).worker("w1", signalled);
    world.at(60_100).deadlines();
    expect(world.trace.at(-1)).toBe("t=60100 DeadlinesReached -> DrainWorker w1; SpawnWorker w3 slot=0 g1");
  });

  it("soon after it was ready this speaks against a release on trial", () => {
    const world = drive().start().restart(2).at(100).ready("w3").fresh();
    world.at(200).worker("w3", signalled).at(300).deadlines().at(350).exit("w3");
    expect(world.trace.at(-1)).toContain("SettleRoll failed replaced=0 BROOD_UNHEALTHY");
  });

  it("before it is ready it is ended, and its seat is filled", () => {
    const world = drive({ desired: 1 }).start().restart(2).fresh().hello("w2").worker("w2", signalled);
    world.at(100).deadlines();
    expect(world.trace.at(-1)).toBe("t=100 DeadlinesReached -> KillWorker w2");
    world.exit("w2", null, "SIGKILL");
    expect(world.trace.at(-1)).toContain("SettleRoll failed replaced=0 BROOD_BOOT_FAILED");
  });
});

describe("an announced stop", () => {
  it("is shown as stopping, refuses restarts and scales, and goes on filling seats", () => {
    const world = drive({ desired: 2 }).start().at(60_000).fresh();
    world.step({ type: "StopAnnounced" });
    expect(world.machine.snapshot(60_000)).toMatchObject({ state: "stopping", ready: 2 });
    world.step({ type: "RestartRequested", requestId: "r2", entry: null });
    world.step({ type: "ScaleRequested", requestId: "s", desired: 4 });
    world.exit("w1", null, "SIGKILL").ready("w3");
    expect(world.trace).toEqual([
      "t=60000 StopAnnounced",
      "t=60000 RestartRequested -> SettleRoll failed replaced=0 BROOD_ROLL_STOPPED",
      "t=60000 ScaleRequested -> SettleScale BROOD_ROLL_STOPPED",
      "t=60000 WorkerExited w1 g1 -> SpawnWorker w3 slot=0 g1",
      "t=60000 WorkerReported w3 g1 -> AdmitWorker w3",
      "t=60000 WorkerReady w3 g1",
    ]);
    world.step({ type: "StopRequested", now: false });
    expect(world.trace.at(-1)).toBe("t=60000 StopRequested -> DrainWorker w2; DrainWorker w3");
  });

  it("G69: workers that were signalled with the supervisor serve until the stop", () => {
    const world = drive().start().at(60_000).fresh();
    world.worker("w1", signalled);
    world.step({ type: "StopAnnounced" });
    world.worker("w2", signalled).at(60_200).beat("w1").beat("w2").deadlines();
    expect(world.trace.join()).not.toContain("DrainWorker");
    expect(world.machine.snapshot(60_200).ready).toBe(2);
  });

  it("lets a roll that is under way go on", () => {
    const world = drive({ desired: 1 }).start().restart(2).at(100).ready("w2").fresh();
    world.step({ type: "StopAnnounced" });
    world.at(1_100).deadlines();
    world.at(1_200).exit("w1");
    expect(world.trace.at(-1)).toBe("t=1200 WorkerExited w1 g1 -> SettleRoll completed replaced=1");
  });
});
