// The twin of handoff "reuseport" has teeth: with a defect in the policy, random runs find it; without one they are clean.
import type { SlotCommand, SlotEvent } from "@brood/http-adapter/handoff";
import { afterEach, describe, expect, it, vi } from "vitest";
import { simulate } from "../../src/simulation/simulate.ts";

type Defect = (event: SlotEvent, commands: readonly SlotCommand[]) => readonly SlotCommand[];

const policy: { defect: Defect | null } = vi.hoisted(() => ({ defect: null }));

vi.mock("@brood/http-adapter/handoff", async (importOriginal) => {
  const original = await importOriginal<typeof import("@brood/http-adapter/handoff")>();
  class PatchedSlotSockets extends original.SlotSockets {
    override step(event: SlotEvent, atMs: number): readonly SlotCommand[] {
      const commands = super.step(event, atMs);
      return policy.defect === null ? commands : policy.defect(event, commands);
    }
  }
  return { ...original, SlotSockets: PatchedSlotSockets };
});

afterEach(() => {
  policy.defect = null;
});

async function foundIn(runs: number): Promise<readonly string[]> {
  for (let seed = 1; seed <= runs; seed += 1) {
    const { violations } = await simulate({ seed, slots: 4, steps: 300 });
    if (violations.length > 0) return violations.map(({ invariant }) => invariant);
  }
  return [];
}

describe("the simulated slot sockets", () => {
  it("are clean with the policy as it is", async () => {
    expect(await foundIn(5)).toEqual([]);
  }, 60_000);

  it("E43: find that nobody stands in for a dead worker", async () => {
    policy.defect = (_event, commands) => commands.filter(({ type }) => type !== "Adopt");
    expect(await foundIn(20)).toContain("sockets-are-served");
  }, 60_000);

  it("E44: find that a surplus socket is closed at once", async () => {
    policy.defect = (event, commands) =>
      event.type === "SlotClosed" ? [...commands, { type: "CloseSocket", slot: event.slot }] : commands;
    expect(await foundIn(20)).toContain("no-queue-closed");
  }, 60_000);
});
