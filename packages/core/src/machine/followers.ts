// Followers: the first ones that come after the canary. While it is watched a core idles, so they boot at the end of the
// watch, and are through with that just as the canary is proven (if they boot as long as it did). They are `held`, and
// `waiting` when they have booted: not admitted, so none opens, serves or counts before; a generation that fails meanwhile
// has had one worker that served. There are up to `maxSurge` of them, `bootConcurrency` at a time (who waits boots no more),
// and so they open.
// Not sooner: unproven code is not to load in more than one process for long, nor a long `minHealthyMs` to keep idle workers.
// Whatever ends the watch otherwise (the canary goes, the roll fails, is superseded or stopped) ends them; one that
// fails itself fails the roll as the canary would; one whose slot loses its current worker, or whose permit to boot an
// empty slot needs, makes way for the last good generation.
// Not with canary analysis: nobody knows when that ends. Rejected: the roll's own surge budget, in which the canary takes
// the only place of a small service. It boots no more, so here it counts like a worker that leaves.

import type { Generation } from "./names.ts";
import { isBooting, type Slot, type Worker } from "./registry.ts";
import { hasPermit, mayFollow, maySpawn } from "./replacement.ts";
import { admit, dismiss, setDeadline, spawnInto } from "./workers.ts";
import type { Roll, Turn, World } from "./world.ts";

/** Is it one that may not be admitted yet? */
export function isFollower({ roll }: World, { id }: Worker): boolean {
  return roll?.followers.has(id) === true;
}

/** The canary is ready: they are sent as long before its proof as they will need, but not before now. */
export function expectFollowers(turn: Turn, roll: Roll, canary: Worker): void {
  const { registry, config, deadlines } = turn.world;
  if (config.canary !== null) return;
  const needMs = bootsMs(turn.world, turn.atMs - canary.spawnedAtMs);
  roll.followersAtMs = turn.atMs + Math.max(0, config.minHealthyMs - needMs);
  if (needMs < config.minHealthyMs)
    deadlines.push({ kind: "canary", subject: roll.to, atMs: roll.followersAtMs });
  for (const index of registry.slots.keys()) roll.pending.add(index);
}

/** How long all of them boot, if each takes as long as the canary did. Several rounds never begin before the watch is half
 *  over; in that time as many boot as can. */
function bootsMs({ registry, config }: World, tookMs: number): number {
  const count = Math.min(config.maxSurge, registry.slots.size - 1);
  const rounds = Math.ceil(count / config.bootConcurrency);
  return Math.max(tookMs, Math.min(rounds * tookMs, config.minHealthyMs / 2));
}

/** Sends them when it is time and as permits allow; without a canary that is watched there are none. When something has
 *  failed already (the operating system could not start a worker) nobody is sent ahead. */
export function tendFollowers(turn: Turn, roll: Roll): void {
  const { world, atMs } = turn;
  const canary = roll.canary === null ? undefined : world.registry.workers.get(roll.canary);
  if (canary === undefined || canary.role === "leaving") return dismissFollowers(turn, roll);
  if (canary.readyAtMs === null || atMs < roll.followersAtMs || roll.failures > 0) return;
  for (let index = roll.pending.first(); index !== null; index = roll.pending.first()) {
    if (!mayFollow(world, canary)) return;
    roll.pending.delete(index);
    const slot = world.registry.slots.get(index);
    if (slot !== undefined && isOpenTo(slot, roll.to)) roll.followers.add(spawnInto(turn, slot, roll.to).id);
  }
}

/** Only beside a current worker: an empty slot comes back on the last good generation. */
function isOpenTo({ current, incoming, backingOffUntilAtMs }: Slot, generation: Generation): boolean {
  const isFree = incoming === null && backingOffUntilAtMs === null;
  return isFree && current !== null && current.generation !== generation;
}

/** The generation is proven: whoever boots is admitted as soon as it has reported. Whoever waits takes its turn. */
export function admitFollowers(turn: Turn, roll: Roll): void {
  for (const worker of seatedOf(turn.world, roll)) {
    if (worker.state === "waiting") continue;
    roll.followers.delete(worker.id);
    if (worker.state === "held") open(turn, worker);
  }
}

/** Those that wait open as permits allow: all at once they would take the cores from what serves. */
export function openFollowers(turn: Turn, { followers }: Roll): void {
  for (const id of followers) {
    if (!hasPermit(turn.world)) return;
    followers.delete(id);
    const worker = turn.world.registry.workers.get(id);
    if (isSeated(worker)) open(turn, worker);
  }
}

/** Its boot deadline begins anew, for it waited for us. */
function open(turn: Turn, worker: Worker): void {
  admit(turn, worker);
  setDeadline(turn, worker, worker.config.bootTimeoutMs);
}

function dismissFollowers(turn: Turn, roll: Roll): void {
  for (const worker of seatedOf(turn.world, roll)) dismiss(turn, worker);
  roll.followers.clear();
}

/** The slot has lost its current worker: its follower makes way for the last good generation, or opens at once if its own is
 *  that by now. */
export function decideFollower(turn: Turn, { incoming }: Slot): void {
  const { roll } = turn.world;
  if (incoming === null || roll?.followers.delete(incoming.id) !== true) return;
  if (roll.step === "canary") dismiss(turn, incoming);
  else open(turn, incoming);
}

/** An empty slot wants to boot a worker of `generation`: the youngest follower gives it its permit. False: it would not help. */
export function yieldPermit(turn: Turn, generation: Generation): boolean {
  const { world } = turn;
  const youngest =
    world.roll === null ? undefined : seatedOf(world, world.roll).findLast(({ state }) => isBooting(state));
  if (youngest === undefined || !maySpawn(world, generation)) return false;
  world.roll?.followers.delete(youngest.id);
  dismiss(turn, youngest);
  return true;
}

/** Those that are still there, oldest first. */
function seatedOf({ registry }: World, { followers }: Roll): readonly Worker[] {
  return [...followers].map((id) => registry.workers.get(id)).filter(isSeated);
}

function isSeated(worker: Worker | undefined): worker is Worker {
  return worker !== undefined && worker.role === "incoming";
}
