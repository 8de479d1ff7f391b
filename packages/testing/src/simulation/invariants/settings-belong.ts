// Settings belong to a generation: whoever is spawned gets those that its own generation was pinned with, and when a roll has
// not completed the service goes on by those of the last good generation, with as many workers as before or as somebody
// asked for meanwhile. Kept by an account of its own of what was resolved and asked for.

import type { Generation, MachineConfig } from "@brood/core/engine";
import { commandsOf, type Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

interface Account {
  readonly configOf: Map<Generation, MachineConfig>;
  /** By request: the generation that is to come back. */
  readonly goesBackTo: Map<string, Generation>;
  /** Workers wanted when no roll runs. */
  desired: number | null;
}

export function settingsBelong(): Invariant {
  const account: Account = { configOf: new Map(), goesBackTo: new Map(), desired: null };
  return {
    name: "settings-belong",
    check(observation) {
      notePinned(observation, account);
      const { event, world } = observation;
      // Once a stop is announced the service refuses to scale.
      if (event.type === "ScaleRequested" && !world.isStopAnnounced) account.desired = event.desired;
      for (const { worker, generation, config } of commandsOf(observation, "SpawnWorker"))
        if (config !== account.configOf.get(generation))
          return `worker=${worker} gen=${generation} is spawned with another generation's settings`;
      if (world.roll !== null || world.phase !== "running") return null;
      if (world.config !== account.configOf.get(world.lastGood))
        return `gen=${world.lastGood} is the last good one, and the settings in force are another's`;
      return wrongNumber(observation, account);
    },
  };
}

function notePinned({ event, world }: Observation, { configOf, goesBackTo }: Account): void {
  const { roll } = world;
  if (event.type === "StartRequested") configOf.set(1, world.config);
  const before = configOf.get(world.lastGood) ?? world.config;
  if (event.type === "ReleaseResolved" && event.generation !== 1)
    configOf.set(event.generation, event.config ?? before);
  if (event.type === "RestartRequested" && event.to !== undefined) goesBackTo.set(event.requestId, event.to);
  // Nobody resolves anything for a generation that comes back.
  const past = roll === null ? undefined : goesBackTo.get(roll.requestId);
  if (roll !== null && past !== undefined) configOf.set(roll.to, configOf.get(past) ?? before);
}

function wrongNumber(observation: Observation, account: Account): string | null {
  const { world } = observation;
  const [ended] = commandsOf(observation, "SettleRoll");
  account.desired ??= world.desired;
  if (ended?.result.result === "completed") account.desired = world.desired;
  if (account.desired === world.desired) return null;
  return `${world.desired} workers are wanted, though ${account.desired} were before the roll and nobody asked for others`;
}
