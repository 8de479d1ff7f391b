import { describe, expect, it } from "vitest";
import { drive, releaseOf } from "./driver.ts";

describe("a restart back to a generation", () => {
  it("C32: takes the release that generation had pinned, under a new number, once its files are found to be those", () => {
    const world = drive({ desired: 1, minHealthyMs: 0 }).start().restart(2).ready("w2").exit("w1").fresh();
    world.step({ type: "RestartRequested", requestId: "back", entry: null, to: 1 });
    world.step({ type: "ReleaseResolved", generation: 3, release: releaseOf(1) });
    world
      .hello("w3", { release: releaseOf(1) })
      .worker("w3", { type: "WorkerReady" })
      .exit("w2");
    expect(world.trace).toEqual([
      "t=0 RestartRequested -> ResolveRelease g3",
      "t=0 ReleaseResolved g3 -> SpawnWorker w3 slot=0 g3",
      "t=0 WorkerReported w3 g3 -> AdmitWorker w3",
      "t=0 WorkerReady w3 g3 -> DrainWorker w2",
      "t=0 WorkerExited w2 g2 -> SettleRoll completed replaced=1",
    ]);
    expect(world.machine.snapshot(0)).toMatchObject({
      generation: 3,
      release: releaseOf(1),
      generations: [{ generation: 1 }, { generation: 2 }, { generation: 3 }],
    });
  });

  it("C32: in the middle of a roll supersedes it", () => {
    const world = drive({ desired: 2, minHealthyMs: 0 }).start().restart(2).ready("w3").exit("w1").fresh();
    world.step({ type: "RestartRequested", requestId: "back", entry: null, to: 1 });
    expect(world.trace).toEqual([
      "t=0 RestartRequested -> KillWorker w4; SettleRoll superseded replaced=1; ResolveRelease g3",
    ]);
  });

  it("G67: is refused before anything is touched when the files are others by now", () => {
    const world = drive({ desired: 1, minHealthyMs: 0 }).start().restart(2).ready("w2").exit("w1").fresh();
    world.step({ type: "RestartRequested", requestId: "back", entry: null, to: 1 });
    const reason = { code: "BROOD_RELEASE_CHANGED", message: "edited" };
    world.step({ type: "ReleaseRejected", generation: 3, reason });
    expect(world.trace.at(-1)).toBe(
      "t=0 ReleaseRejected g3 -> SettleRoll failed replaced=0 BROOD_RELEASE_CHANGED",
    );
    expect(world.seats()).toEqual(["0:w2/g2 ready"]);
  });

  it("fails when a worker finds other files all the same, whatever onReleaseChanged says of respawns", () => {
    const world = drive({ desired: 1, minHealthyMs: 0 }).start().restart(2).ready("w2").exit("w1").fresh();
    world.step({ type: "RestartRequested", requestId: "back", entry: null, to: 1 });
    world.step({ type: "ReleaseResolved", generation: 3, release: releaseOf(1) });
    world.hello("w3", { release: { ...releaseOf(1), fingerprint: "edited" } }).exit("w3", null, "SIGKILL");
    expect(world.trace.slice(2)).toEqual([
      "t=0 WorkerReported w3 g3 -> KillWorker w3",
      "t=0 WorkerExited w3 g3 -> SettleRoll failed replaced=0 BROOD_RELEASE_CHANGED",
    ]);
    expect(world.seats()).toEqual(["0:w2/g2 ready"]);
  });

  it("to a generation that never completed is refused, and the roll under way goes on", () => {
    const world = drive({ desired: 1 }).start().restart(2).fresh();
    world.step({ type: "RestartRequested", requestId: "back", entry: null, to: 2 });
    expect(world.trace).toEqual([
      "t=0 RestartRequested -> SettleRoll failed replaced=0 BROOD_GENERATION_UNKNOWN",
    ]);
    expect(world.machine.world.roll).toMatchObject({ to: 2, step: "canary" });
  });

  it("asked for while the service starts waits until it has", () => {
    const world = drive({ desired: 1, minHealthyMs: 0 });
    world.step({ type: "StartRequested", entry: "/srv/current/app.js" });
    world.step({ type: "RestartRequested", requestId: "again", entry: null, to: 1 });
    world.step({ type: "ReleaseResolved", generation: 1, release: releaseOf(1) });
    world.fresh().ready("w1");
    expect(world.trace.at(-1)).toBe("t=0 WorkerReady w1 g1 -> SettleStart ok; ResolveRelease g2");
  });

  it("remembers sixteen generations", () => {
    const world = drive({ desired: 1, minHealthyMs: 0 }).start();
    for (let generation = 2; generation <= 20; generation += 1) {
      world
        .restart(generation)
        .ready(`w${generation}`)
        .exit(`w${generation - 1}`);
    }
    const { generations } = world.machine.snapshot(0);
    expect(generations.map((past) => past.generation)).toEqual(Array.from({ length: 16 }, (_, at) => at + 5));
  });
});
