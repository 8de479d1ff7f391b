// What a restart says that it found: the releases before and after, and whether there was anything new.

import { describe, expect, it } from "vitest";
import type { RollResult } from "../../../src/machine/names.ts";
import { CONFIG, drive, releaseOf } from "./driver.ts";

function resultOf(world: ReturnType<typeof drive>): RollResult {
  const settled = world.settled.findLast((command) => command.type === "SettleRoll");
  if (settled?.type !== "SettleRoll") throw new Error("no roll has ended");
  return settled.result;
}

/** A restart to `release`, from asked for to its end. */
function deploy(release = releaseOf(1)): RollResult {
  const world = drive({ desired: 1, minHealthyMs: 0 }).start();
  world.step({ type: "RestartRequested", requestId: "r2", entry: null });
  world.step({ type: "ReleaseResolved", generation: 2, release });
  world.hello("w2", { release }).worker("w2", { type: "WorkerReady" });
  world.at(1_000).deadlines().exit("w1");
  return resultOf(world);
}

describe("the result of a roll", () => {
  it("G65: a restart that found the same entry, folder and code says that it is unchanged", () => {
    expect(deploy()).toMatchObject({
      result: "completed",
      unchanged: true,
      fromRelease: releaseOf(1),
      toRelease: releaseOf(1),
    });
  });

  it.each([["entry"], ["folder"], ["fingerprint"]])("G65: another %s is something new", (field) => {
    const release = { ...releaseOf(1), [field]: "other" };
    expect(deploy(release)).toMatchObject({ result: "completed", unchanged: false, toRelease: release });
  });

  it("is not unchanged when only settings are others, and names them", () => {
    const world = drive({ desired: 1, minHealthyMs: 0 }).start();
    world.step({ type: "RestartRequested", requestId: "r2", entry: null });
    const config = { ...CONFIG, drainTimeoutMs: 1 };
    const resolved = { release: releaseOf(1), config, changed: ["drainTimeoutMs"] };
    world.step({ type: "ReleaseResolved", generation: 2, ...resolved });
    world.exit("w2", 1);
    expect(resultOf(world)).toMatchObject({
      result: "failed",
      unchanged: false,
      changed: ["drainTimeoutMs"],
    });
  });

  it("names no release that was never found, and the one that serves on", () => {
    const world = drive({ desired: 1 }).start();
    world.step({ type: "RestartRequested", requestId: "r2", entry: null });
    world.step({
      type: "ReleaseRejected",
      generation: 2,
      reason: { code: "BROOD_RELEASE_NOT_FOUND", message: "gone" },
    });
    expect(resultOf(world)).toMatchObject({
      result: "failed",
      unchanged: false,
      fromRelease: releaseOf(1),
      toRelease: null,
    });
  });

  it("knows the release before also when a failed restart meets no worker of it", () => {
    const world = drive({ desired: 1, maxFailures: 1 }).start().exit("w1", 1);
    world.step({ type: "RestartRequested", requestId: "r2", entry: null });
    world.step({ type: "ReleaseResolved", generation: 2, release: releaseOf(2) });
    expect(world.machine.world.roll?.fromRelease).toEqual(releaseOf(1));
  });
});
