import { describe, expect, it, vi } from "vitest";
import type { Command } from "../../../src/machine/commands.ts";
import { createMachine } from "../../../src/machine/machine.ts";
import { CONFIG, drive, releaseOf } from "./driver.ts";

describe("targets and generations", () => {
  it("A7: the same restart asked for twice in one tick is one target, not two steps", () => {
    const world = drive({ desired: 1, minHealthyMs: 0 }).start().fresh();
    const again = { type: "RestartRequested", entry: "/srv/r2/app.js" } as const;
    world.step({ ...again, requestId: "a" });
    world.step({ ...again, requestId: "b" });
    world.step({ type: "ReleaseResolved", generation: 2, release: releaseOf(2) });
    world.step({ type: "ReleaseResolved", generation: 3, release: releaseOf(3) });
    world.ready("w2").exit("w1");
    expect(world.seats()).toEqual(["0:w2/g3 ready"]);
    expect(world.trace.filter((line) => line.includes("SpawnWorker"))).toHaveLength(1);
    expect(world.settled.map((each) => each.type === "SettleRoll" && each.result.result)).toEqual([
      false,
      "superseded",
      "completed",
    ]);
  });

  it("A8: the generation changes in one transition, with the roll's end, and never in between", () => {
    const world = drive({ desired: 2, minHealthyMs: 0 }).start();
    const seen: string[] = [];
    const look = (): void => {
      const { generation, roll, lastRoll, release } = world.machine.snapshot(0);
      seen.push(`${generation} ${release?.entry} roll=${roll?.to ?? null} last=${lastRoll?.to ?? null}`);
    };
    world.restart(2);
    for (const act of [
      () => world.ready("w3"),
      () => world.exit("w1"),
      () => world.ready("w4"),
      () => world.exit("w2"),
    ]) {
      look();
      act();
    }
    look();
    expect([...new Set(seen)]).toEqual([
      "1 /srv/r1/app.js roll=2 last=null",
      "2 /srv/r2/app.js roll=null last=2",
    ]);
  });
});

describe("processes", () => {
  it("C35: the end of one that is not ours means nothing, whatever its exit code", () => {
    const world = drive().start().fresh();
    for (const exitCode of [0, 1, 3, 71, 255]) {
      world.step({ type: "WorkerExited", worker: "w99", generation: 1, exitCode, signal: null, stderr: "" });
    }
    expect(world.trace).toEqual(
      Array(5).fill("t=0 WorkerExited w99 g1 -> dropped: stale WorkerExited worker=w99 gen=1"),
    );
    expect(world.machine.snapshot(0)).toMatchObject({ ready: 2, state: "running", counters: { exited: 0 } });
  });

  it("F51: are known by their worker's id; no command names a pid, so a recycled one is nobody's target", () => {
    const machine = createMachine({ ...CONFIG, desired: 1 });
    const commands: Command[] = [];
    const step = (event: Parameters<typeof machine.step>[0]): void => {
      commands.push(...machine.step(event, { atMs: 0, entropy: 0.5 }));
    };
    const owner = { worker: "w1", generation: 1 } as const;
    step({ type: "StartRequested", entry: "/srv/r1/app.js" });
    step({ type: "ReleaseResolved", generation: 1, release: releaseOf(1) });
    step({ type: "WorkerSpawned", ...owner, pid: 4_711 });
    step({ type: "WorkerReported", ...owner, reported: { ...owner, release: releaseOf(1), pid: 4_711 } });
    step({ type: "WorkerReady", ...owner });
    step({ type: "WorkerExited", ...owner, exitCode: 0, signal: null, stderr: "" });
    step({ type: "WorkerSpawned", worker: "w2", generation: 1, pid: 4_711 });
    step({ type: "StopRequested", now: true });
    const acting = commands.filter(({ type }) => type !== "Publish" && type !== "Note");
    expect(acting.filter((command) => JSON.stringify(command).includes("4711"))).toEqual([]);
    expect(acting.filter(({ type }) => type === "KillWorker")).toEqual([
      { type: "KillWorker", worker: "w2" },
    ]);
  });
});

describe("time", () => {
  it("D42: steps of the wall clock change nothing: the same events give the same trace", () => {
    const run = (): readonly string[] => {
      const world = drive().start().restart(2).ready("w3").at(1_000).deadlines();
      world.at(7_000).deadlines().at(8_000).deadlines().at(8_100).deadlines();
      return world.trace;
    };
    const steady = run();
    const jumps = [3_600_000, -3_600_000, 7_200_000];
    const clock = vi.spyOn(Date, "now").mockImplementation(() => jumps[Math.floor(Math.random() * 3)] ?? 0);
    expect(run()).toEqual(steady);
    expect(clock).not.toHaveBeenCalled();
    clock.mockRestore();
  });
});
