// Every exit leads to exactly one replacement: a worker is spawned into a slot that is empty, or beside a current worker
// that a roll moves to another generation or that has done enough. Never a second one for the same loss.

import type { Command, SlotIndex, Worker, WorkerId, World } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

type SpawnCommand = Extract<Command, { readonly type: "SpawnWorker" }>;

export function oneReplacement(): Invariant {
  let incoming: ReadonlyMap<SlotIndex, WorkerId> = new Map();
  return {
    name: "one-replacement",
    check(observation) {
      const before = incoming;
      incoming = incomingOf(observation.world);
      const seen = new Set<SlotIndex>();
      for (const spawn of commandsOf(observation, "SpawnWorker")) {
        if (seen.has(spawn.slot)) return `slot=${spawn.slot} gets two workers at once`;
        seen.add(spawn.slot);
        const wrong = unneeded(observation, spawn, before.get(spawn.slot) ?? null);
        if (wrong !== null)
          return `worker=${spawn.worker} slot=${spawn.slot} gen=${spawn.generation} ${wrong}`;
      }
      return null;
    },
  };
}

function unneeded({ world }: Observation, spawn: SpawnCommand, previous: WorkerId | null): string | null {
  const slot = world.registry.slots.get(spawn.slot);
  if (slot === undefined) return "has no slot";
  if (previous !== null && world.registry.workers.get(previous)?.role === "incoming") {
    return `is spawned while worker=${previous} is incoming`;
  }
  const { current } = slot;
  if (current === null || current.id === spawn.worker) return null;
  const isRolled = world.roll !== null && current.generation !== spawn.generation;
  if (isRolled || (world.roll === null && hasDoneEnough(current))) return null;
  return `is to replace worker=${current.id} gen=${current.generation} without a reason`;
}

function hasDoneEnough({ config, usage, requestsLimit }: Worker): boolean {
  const { memoryBytes, ageMs, eventLoopDelayMs } = config.recycle;
  const isSlow = eventLoopDelayMs !== null && usage.eventLoopDelayMs > eventLoopDelayMs;
  const isLarge = memoryBytes !== null && usage.rssBytes > memoryBytes;
  const isSpent = requestsLimit !== null && usage.requests >= requestsLimit;
  return isSpent || isLarge || isSlow || ageMs !== null;
}

function incomingOf({ registry }: World): ReadonlyMap<SlotIndex, WorkerId> {
  const ids = new Map<SlotIndex, WorkerId>();
  for (const { index, incoming } of registry.slots.values())
    if (incoming !== null) ids.set(index, incoming.id);
  return ids;
}
