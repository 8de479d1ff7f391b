import { describe, expect, it } from "vitest";
import { drive } from "./driver.ts";

describe("a roll", () => {
  it("sends one canary, waits until it is healthy, then surges one slot at a time, and ends when old workers are gone", () => {
    const world = drive({ desired: 3 }).start().fresh();
    world.at(100).restart(2);
    world.at(200).ready("w4");
    world.at(1_200).deadlines();
    world.at(1_210).exit("w1");
    world.at(1_300).ready("w5");
    world.at(1_310).exit("w2");
    world.at(1_400).ready("w6");
    world.at(1_500).exit("w3");
    expect(world.trace).toEqual([
      "t=100 RestartRequested -> ResolveRelease g2",
      "t=100 ReleaseResolved g2 -> SpawnWorker w4 slot=0 g2",
      "t=200 WorkerReported w4 g2 -> AdmitWorker w4",
      "t=200 WorkerReady w4 g2",
      "t=1200 DeadlinesReached -> DrainWorker w1; SpawnWorker w5 slot=1 g2",
      "t=1210 WorkerExited w1 g1",
      "t=1300 WorkerReported w5 g2 -> AdmitWorker w5",
      "t=1300 WorkerReady w5 g2 -> DrainWorker w2; SpawnWorker w6 slot=2 g2",
      "t=1310 WorkerExited w2 g1",
      "t=1400 WorkerReported w6 g2 -> AdmitWorker w6",
      "t=1400 WorkerReady w6 g2 -> DrainWorker w3",
      "t=1500 WorkerExited w3 g1 -> SettleRoll completed replaced=3",
    ]);
    expect(world.machine.snapshot(1_500).generation).toBe(2);
  });

  it("C27: stops at the canary when it fails; nothing else moves and the old generation stays", () => {
    const world = drive().start().fresh();
    world.at(100).restart(2).at(150).exit("w3", 7, null, "boom");
    expect(world.trace.at(-1)).toBe(
      "t=150 WorkerExited w3 g2 -> SettleRoll failed replaced=0 BROOD_BOOT_FAILED",
    );
    expect(world.settled.at(-1)).toMatchObject({
      result: { reason: { slot: 0, exitCode: 7, signal: null, stderr: "boom" } },
    });
    expect(world.seats()).toEqual(["0:w1/g1 ready", "1:w2/g1 ready"]);
    expect(world.machine.snapshot(150)).toMatchObject({ state: "running", generation: 1, roll: null });
  });

  it("C28: a canary that dies within minHealthyMs fails the roll while its slot's current worker serves on", () => {
    const world = drive().start().restart(2).at(100).ready("w3").at(600).exit("w3", 1);
    expect(world.trace.at(-1)).toContain("SettleRoll failed replaced=0 BROOD_UNHEALTHY");
    expect(world.seats()).toEqual(["0:w1/g1 ready", "1:w2/g1 ready"]);
  });

  it("C29: a canary that hangs is killed at its boot deadline, and the roll fails when it has gone", () => {
    const world = drive({ heartbeatTimeoutMs: 60_000 })
      .start()
      .restart(2)
      .fresh()
      .at(30_000)
      .deadlines()
      .exit("w3", null, "SIGKILL");
    expect(world.trace).toEqual([
      "t=30000 DeadlinesReached -> KillWorker w3",
      "t=30000 WorkerExited w3 g2 -> SettleRoll failed replaced=0 BROOD_BOOT_TIMEOUT",
    ]);
  });

  it("C31: after a failed roll a respawn uses the last good generation", () => {
    const world = drive().start().restart(2).at(50).exit("w3", 1).fresh().at(60).exit("w2", null, "SIGKILL");
    expect(world.trace).toEqual(["t=60 WorkerExited w2 g1 -> SpawnWorker w4 slot=1 g1"]);
  });

  it("A4: a worker that reports another generation is killed, counted, and never listed as current", () => {
    const world = drive().start().restart(2).fresh().hello("w3", { generation: 1 });
    expect(world.trace).toEqual(["t=0 WorkerReported w3 g2 -> KillWorker w3"]);
    expect(world.machine.snapshot(0)).toMatchObject({ counters: { mismatched: 1 }, generation: 1 });
    expect(world.machine.snapshot(0).workers.find((each) => each.worker === "w3")).toMatchObject({
      generation: 1,
      requestedGeneration: 2,
      state: "killing",
    });
    world.exit("w3", null, "SIGKILL");
    expect(world.trace.at(-1)).toContain("BROOD_GENERATION_MISMATCH");
  });

  it("A5: a newer restart supersedes the running one, and no slot ends on the older", () => {
    const world = drive({ minHealthyMs: 0 }).start().restart(2).ready("w3").exit("w1").fresh();
    world.restart(3);
    expect(world.trace).toEqual([
      "t=0 RestartRequested -> KillWorker w4; SettleRoll superseded replaced=1; ResolveRelease g3",
      "t=0 ReleaseResolved g3 -> SpawnWorker w5 slot=0 g3",
    ]);
    world.exit("w4", null, "SIGKILL").ready("w5").exit("w3").ready("w6").exit("w2");
    expect(world.seats()).toEqual(["0:w5/g3 ready", "1:w6/g3 ready"]);
    expect(world.trace.at(-1)).toContain("SettleRoll completed replaced=2");
  });

  it("A6: two restarts and a scale in the same tick all get an answer of their own", () => {
    const world = drive({ minHealthyMs: 0 }).start().fresh();
    world.step({ type: "RestartRequested", requestId: "a", entry: null });
    world.step({ type: "ScaleRequested", requestId: "s", desired: 3 });
    world.step({ type: "RestartRequested", requestId: "b", entry: null });
    expect(world.settled.at(-1)).toMatchObject({ requestId: "a", result: { to: 2, result: "superseded" } });
    world.step({
      type: "ReleaseResolved",
      generation: 3,
      release: { entry: "/srv/r3/app.js", version: null, folder: "/srv/r3", fingerprint: "f3" },
    });
    expect(world.trace.slice(1)).toEqual([
      "t=0 ScaleRequested -> SpawnWorker w3 slot=2 g1",
      "t=0 RestartRequested -> SettleRoll superseded replaced=0; ResolveRelease g3",
      "t=0 ReleaseResolved g3 -> SpawnWorker w4 slot=0 g3",
    ]);
    world.ready("w3");
    expect(world.settled.at(-1)).toMatchObject({ type: "SettleScale", requestId: "s", reason: null });
  });

  it("D37: an old worker that does not drain is killed at its deadline, counted, and the roll completes", () => {
    const world = drive({ desired: 1, minHealthyMs: 0, heartbeatTimeoutMs: 60_000 })
      .start()
      .restart(2)
      .ready("w2")
      .fresh();
    world.at(30_000).deadlines().exit("w1", null, "SIGKILL");
    expect(world.trace).toEqual([
      "t=30000 DeadlinesReached -> KillWorker w1",
      "t=30000 WorkerExited w1 g1 -> SettleRoll completed replaced=1",
    ]);
    expect(world.settled.at(-1)).toMatchObject({ result: { killed: 1 } });
  });

  it("counts the connections that draining workers passed on: in the roll, in all, and at the end of each worker", () => {
    const exits: unknown[] = [];
    const world = drive({ desired: 1, minHealthyMs: 0 }).start().restart(2).ready("w2");
    world.step({ type: "ConnectionsMoved", from: "w1", count: 3 });
    world.step({ type: "ConnectionsMoved", from: "w1", count: 2 });
    const commands = world.machine.step(
      { type: "WorkerExited", worker: "w1", generation: 1, exitCode: 0, signal: null, stderr: "" },
      { atMs: 10, entropy: 0 },
    );
    for (const command of commands)
      if (command.type === "Publish" && command.announcement.name === "worker:exited")
        exits.push(command.announcement.event);
    expect(exits).toMatchObject([{ worker: "w1", moved: 5 }]);
    expect(world.machine.snapshot(10).lastRoll).toMatchObject({ result: "completed", moved: 5 });
    world.step({ type: "ConnectionsMoved", from: "w1", count: 1 });
    expect(world.machine.snapshot(10).counters.moved).toBe(6);
  });

  it("goes back to the last good generation when too many workers of the new one fail", () => {
    const world = drive({ desired: 2, minHealthyMs: 0, maxFailures: 1 })
      .start()
      .restart(2)
      .ready("w3")
      .exit("w1")
      .fresh();
    world.exit("w4", 1);
    expect(world.trace).toEqual(["t=0 WorkerExited w4 g2 -> SpawnWorker w5 slot=0 g1"]);
    world.ready("w5").exit("w3");
    expect(world.trace.at(-1)).toBe(
      "t=0 WorkerExited w3 g2 -> SettleRoll failed replaced=0 BROOD_BOOT_FAILED",
    );
    expect(world.seats()).toEqual(["0:w5/g1 ready", "1:w2/g1 ready"]);
  });

  it("keeps what serves when the old files are gone: a revert that finds other files gives up and says so", () => {
    const world = drive({ minHealthyMs: 0, maxFailures: 1 })
      .start()
      .restart(2)
      .ready("w3")
      .exit("w1")
      .exit("w4", 1)
      .fresh();
    world.hello("w5", {
      release: { entry: "/srv/r1/app.js", version: null, folder: "/srv/r1", fingerprint: "other" },
    });
    world.exit("w5", null, "SIGKILL");
    expect(world.trace.at(-1)).toContain("SettleRoll failed replaced=1");
    expect(world.seats()).toEqual(["0:w3/g2 ready", "1:w2/g1 ready"]);
  });

  it("with maxSurge 0 drains first, as far as maxUnavailable allows", () => {
    const world = drive({ desired: 2, minHealthyMs: 0, maxSurge: 0, maxUnavailable: 1 })
      .start()
      .fresh()
      .restart(2);
    expect(world.trace.at(-1)).toBe("t=0 ReleaseResolved g2 -> DrainWorker w1; SpawnWorker w3 slot=0 g2");
    world.ready("w3");
    expect(world.trace.at(-1)).toBe("t=0 WorkerReady w3 g2 -> DrainWorker w2; SpawnWorker w4 slot=1 g2");
    world.exit("w1").ready("w4").exit("w2");
    expect(world.trace.at(-1)).toContain("completed");
  });

  it("a release that cannot be resolved fails the roll and signals no worker", () => {
    const world = drive().start().fresh();
    world.step({ type: "RestartRequested", requestId: "x", entry: "/nowhere.js" });
    world.step({
      type: "ReleaseRejected",
      generation: 2,
      reason: { code: "BROOD_RELEASE_NOT_FOUND", message: "no" },
    });
    expect(world.trace).toEqual([
      "t=0 RestartRequested -> ResolveRelease g2",
      "t=0 ReleaseRejected g2 -> SettleRoll failed replaced=0 BROOD_RELEASE_NOT_FOUND",
    ]);
  });
});
