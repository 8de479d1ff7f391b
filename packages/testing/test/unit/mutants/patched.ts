// Defects inside of the machine: one of its modules is replaced by one that decides wrongly in one place. The paths are
// those of the sources; the simulation under test loads the same ones.

import type { FailureReason, Slot, Worker } from "@brood/core/engine";
import { vi } from "vitest";
import type { Roll, Turn } from "../../../../core/src/machine/world.ts";

export interface PatchedMutant {
  readonly name: string;
  readonly module: string;
  /** The exports of that module that are replaced. */
  readonly change: (exports: object) => Promise<object>;
}

const pathOf = (module: string): string => `../../../../core/src/machine/${module}.ts`;

/** Takes effect when the machine is imported next. */
export function install({ module, change }: PatchedMutant): void {
  vi.doMock(pathOf(module), async (original) => {
    const exports = await original<object>();
    const changed = await change(exports);
    const unknown = Object.keys(changed).filter((name) => !(name in exports));
    if (unknown.length > 0)
      throw new Error(`${module}.ts exports no ${unknown.join(", ")} that could be wrong`);
    return { ...exports, ...changed };
  });
}

export function uninstall({ module }: PatchedMutant): void {
  vi.doUnmock(pathOf(module));
}

const workers = () => import("../../../../core/src/machine/workers.ts");

export const PATCHED: readonly PatchedMutant[] = [
  {
    name: "no identity check: any report is admitted",
    module: "identity",
    change: async () => ({ identifies: () => null }),
  },
  {
    name: "no back-off",
    module: "intensity",
    change: async () => ({
      recordFailure: (_: Turn, slot: Slot) => {
        slot.failures += 1;
      },
      pause: () => {},
    }),
  },
  {
    name: "surge budget not decremented: every slot may have two workers at once",
    module: "replacement",
    change: async () => {
      const { spawnInto } = await workers();
      return {
        replaceCurrent: (turn: Turn, slot: Slot, generation: number) => {
          spawnInto(turn, slot, generation);
          return true;
        },
      };
    },
  },
  {
    name: "no surge: the old worker goes before the new one is ready",
    module: "replacement",
    change: async () => {
      const { dismiss, spawnInto } = await workers();
      return {
        replaceCurrent: (turn: Turn, slot: Slot, generation: number) => {
          if (slot.current !== null) dismiss(turn, slot.current);
          spawnInto(turn, slot, generation);
          return true;
        },
      };
    },
  },
  {
    name: "canary skipped",
    module: "canary",
    change: async () => ({ verdictOn: () => "proven", sendCanary: () => {} }),
  },
  {
    name: "followers are admitted on report, before the canary is proven",
    module: "followers",
    change: async () => ({ isFollower: () => false }),
  },
  {
    name: "followers survive a failed canary",
    module: "roll-failure",
    change: async (exports) => {
      const { countRollFailure } = exports as typeof import("../../../../core/src/machine/roll-failure.ts");
      const { endRoll } = await import("../../../../core/src/machine/roll.ts");
      return {
        countRollFailure: (turn: Turn, worker: Worker, reason: FailureReason) => {
          const { roll } = turn.world;
          const isCanary = roll?.step === "canary" && roll.canary === worker.id;
          if (isCanary && roll.followers.size > 0) endRoll(turn, roll, "failed", reason);
          else countRollFailure(turn, worker, reason);
        },
      };
    },
  },
  {
    name: "followers outlive a canary that has left its seat",
    module: "followers",
    change: async (exports) => {
      const { tendFollowers } = exports as typeof import("../../../../core/src/machine/followers.ts");
      return {
        tendFollowers: (turn: Turn, roll: Roll) => {
          const canary = roll.canary === null ? undefined : turn.world.registry.workers.get(roll.canary);
          if (canary?.role !== "leaving") tendFollowers(turn, roll);
        },
      };
    },
  },
  {
    name: "followers boot as soon as the canary is ready",
    module: "followers",
    change: async (exports) => {
      const { expectFollowers } = exports as typeof import("../../../../core/src/machine/followers.ts");
      return {
        expectFollowers: (turn: Turn, roll: Roll, canary: Worker) => {
          expectFollowers(turn, roll, canary);
          if (turn.world.config.canary === null) roll.followersAtMs = turn.atMs;
        },
      };
    },
  },
  {
    name: "a follower keeps the slot whose current worker has gone",
    module: "followers",
    change: async () => ({ decideFollower: () => {} }),
  },
  {
    name: "an empty slot waits for a permit that a follower has",
    module: "followers",
    change: async () => ({ yieldPermit: () => false }),
  },
  {
    name: "followers are forgotten when the canary is proven",
    module: "followers",
    change: async () => ({ admitFollowers: () => {} }),
  },
  {
    name: "all that wait open at once when the canary is proven",
    module: "followers",
    change: async (exports) => {
      const { openFollowers } = exports as typeof import("../../../../core/src/machine/followers.ts");
      return {
        openFollowers: (turn: Turn, roll: Roll) => {
          const { config, ...world } = turn.world;
          openFollowers({ ...turn, world: { ...world, config: { ...config, bootConcurrency: 99 } } }, roll);
        },
      };
    },
  },
  {
    name: "nobody that waits opens when the canary is proven",
    module: "followers",
    change: async () => ({ openFollowers: () => {} }),
  },
  {
    name: "completed by what was ordered: old workers may still be alive",
    module: "roll-progress",
    change: async (exports) => {
      const { advanceRoll } = exports as typeof import("../../../../core/src/machine/roll-progress.ts");
      const { endRoll } = await import("../../../../core/src/machine/roll.ts");
      return {
        advanceRoll: (turn: Turn) => {
          const { roll, registry } = turn.world;
          const isEverywhere = roll !== null && registry.currentOf(roll.to) === registry.slots.size;
          if (roll?.step === "rolling" && isEverywhere) endRoll(turn, roll, "completed", null);
          else advanceRoll(turn);
        },
      };
    },
  },
  {
    name: "completed while old workers linger: they would answer what comes over the connections they have",
    module: "roll-progress",
    change: async (exports) => {
      const { advanceRoll } = exports as typeof import("../../../../core/src/machine/roll-progress.ts");
      const { endRoll } = await import("../../../../core/src/machine/roll.ts");
      return {
        advanceRoll: (turn: Turn) => {
          const { roll, registry } = turn.world;
          const isOver =
            roll?.step === "rolling" &&
            registry.currentOf(roll.to) === registry.slots.size &&
            registry.workers
              .values()
              .every(({ generation, state }) => generation === roll.to || state === "lingering");
          if (isOver) endRoll(turn, roll, "completed", null);
          else advanceRoll(turn);
        },
      };
    },
  },
  {
    name: "every draining worker is taken for one that lingers",
    module: "lifecycle",
    change: async (exports) => {
      const { NEXT } = exports as typeof import("../../../../core/src/machine/lifecycle.ts");
      const lingering = { ...NEXT.lingering, LingerStarted: "lingering" };
      return { NEXT: { ...NEXT, draining: { ...NEXT.draining, DrainStarted: "lingering" }, lingering } };
    },
  },
  {
    name: "respawn on the unproven generation",
    module: "world",
    change: async () => ({
      respawnGeneration: ({ pinned, newestGeneration, lastGood }: Turn["world"]) =>
        pinned.has(newestGeneration) ? newestGeneration : Math.max(1, lastGood),
    }),
  },
  {
    name: "respawn on the newest number while the service starts",
    module: "world",
    change: async () => ({
      respawnGeneration: ({ roll, newestGeneration, lastGood }: Turn["world"]) => {
        if (roll?.step === "rolling") return roll.to;
        return lastGood === 0 ? newestGeneration : lastGood;
      },
    }),
  },
  {
    name: "a roll that fails leaves its settings in force",
    module: "settings",
    change: async () => ({ restoreConfig: () => {} }),
  },
  {
    name: "a roll that fails leaves its number of workers",
    module: "settings",
    change: async () => ({
      restoreSize: ({ world }: Turn) => {
        world.desiredBefore = null;
      },
    }),
  },
  {
    name: "new settings reach respawns of the last good generation",
    module: "settings",
    change: async (exports) => {
      const { pinTarget } = exports as typeof import("../../../../core/src/machine/settings.ts");
      return {
        pinTarget: (world: Turn["world"], roll: Roll, pinned: Parameters<typeof pinTarget>[2]) => {
          pinTarget(world, roll, pinned);
          const good = world.pinned.get(world.lastGood);
          if (good !== undefined) world.pinned.set(world.lastGood, { ...good, config: pinned.config });
        },
      };
    },
  },
  {
    name: "no self-stall guard: deadlines that passed while the supervisor stood still count",
    module: "liveness",
    change: async () => ({ forgiveStall: () => {} }),
  },
  {
    name: "unbounded boots",
    module: "slots",
    change: async () => {
      const { spawnInto } = await workers();
      const { respawnGeneration } = await import("../../../../core/src/machine/world.ts");
      return {
        fillVacantSlots: (turn: Turn) => {
          const { vacant } = turn.world;
          for (let index = vacant.first(); index !== null; index = vacant.first()) {
            vacant.delete(index);
            const slot = turn.world.registry.slots.get(index);
            if (slot !== undefined && slot.current === null && slot.incoming === null)
              spawnInto(turn, slot, respawnGeneration(turn.world));
          }
        },
      };
    },
  },
  {
    name: "a failed roll leaves the slots that moved where they are",
    module: "roll-failure",
    change: async () => {
      const { endRoll } = await import("../../../../core/src/machine/roll.ts");
      return {
        countRollFailure: (turn: Turn, worker: Worker, reason: FailureReason) => {
          const { roll } = turn.world;
          if (roll !== null && worker.generation === roll.to) endRoll(turn, roll, "failed", reason);
        },
      };
    },
  },
  {
    name: "a slot whose back-off has ended is forgotten",
    module: "slots",
    change: async () => ({ revisit: () => {} }),
  },
];
