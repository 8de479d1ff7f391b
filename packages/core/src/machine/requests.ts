// What users ask for: start, restart, scale, stop. Each request has its own answer; none is merged into another, and
// a stop wins over everything at any moment.

import type { ReleaseEvent, RequestEvent } from "./events.ts";
import { settleScales } from "./failure.ts";
import { pastGeneration } from "./history.ts";
import type { FailureReason, Generation } from "./names.ts";
import { generationUnknown, ROLL_STOPPED, resolveTimeout } from "./reasons.ts";
import { endRoll, viewOf } from "./roll.ts";
import { failRoll } from "./roll-failure.ts";
import { beginRoll, firstStep, resolveRelease } from "./roll-start.ts";
import { pinTarget } from "./settings.ts";
import { closeSurplusSlots, openSlots } from "./slots.ts";
import { announce, dismiss, kill } from "./workers.ts";
import type { RestartRequest, Turn } from "./world.ts";

type Asked<Type extends RequestEvent["type"]> = Extract<RequestEvent, { readonly type: Type }>;

export function handleRequest(turn: Turn, event: RequestEvent): void {
  switch (event.type) {
    case "StartRequested":
      return start(turn, event);
    case "RestartRequested":
      return restart(turn, event);
    case "ScaleRequested":
      return scale(turn, event);
    case "StopAnnounced":
      turn.world.isStopAnnounced = true;
      return;
    case "StopRequested":
      return stop(turn, event);
  }
}

function start(turn: Turn, { entry }: Asked<"StartRequested">): void {
  const { world } = turn;
  if (world.phase !== "idle") return;
  world.phase = "starting";
  world.entry = entry;
  world.newestGeneration = 1;
  resolveRelease(turn, 1, { entry, isNamed: true, pinned: null });
}

/** While the service starts a restart waits; a newer one takes its place, and the older caller is told. */
function restart(turn: Turn, request: Asked<"RestartRequested">): void {
  const { world } = turn;
  if (world.isStopAnnounced) return refuseRestart(turn, request.requestId, "failed", ROLL_STOPPED);
  if (world.phase === "running") return takeUp(turn, request);
  if (world.phase === "starting") {
    const displaced = world.waitingRestart;
    world.waitingRestart = request;
    if (displaced !== null) refuseRestart(turn, displaced.requestId, "superseded", null);
    return;
  }
  refuseRestart(turn, request.requestId, "failed", ROLL_STOPPED);
}

/** Begins the roll; one to a generation that nobody can go back to disturbs no other. */
export function takeUp(turn: Turn, request: RestartRequest): void {
  const past = request.to === undefined ? null : pastGeneration(turn.world, request.to);
  if (request.to === undefined || past !== null) return beginRoll(turn, request, past);
  const known = turn.world.history.map(({ generation }) => generation);
  refuseRestart(turn, request.requestId, "failed", generationUnknown(request.to, known));
}

/** Answers a restart that never became a roll; its generation's number is used all the same. */
export function refuseRestart(
  turn: Turn,
  requestId: string,
  result: "failed" | "superseded",
  reason: FailureReason | null,
): void {
  const { world } = turn;
  world.newestGeneration += 1;
  const to = world.newestGeneration;
  const refused = {
    id: `roll-${to}`,
    from: world.lastGood,
    to,
    result,
    replaced: 0,
    killed: 0,
    moved: 0,
    durationMs: 0,
    fromRelease: world.pinned.get(world.lastGood)?.release ?? null,
    toRelease: null,
    unchanged: false,
    changed: [],
  };
  turn.commands.push({
    type: "SettleRoll",
    requestId,
    result: reason === null ? refused : { ...refused, reason },
  });
}

function scale(turn: Turn, { requestId, desired, spare = [] }: Asked<"ScaleRequested">): void {
  const { world } = turn;
  if (world.isStopAnnounced)
    return void turn.commands.push({ type: "SettleScale", requestId, reason: ROLL_STOPPED });
  world.waitingScales.push(requestId);
  if (world.phase === "stopping" || world.phase === "stopped") return settleScales(turn, ROLL_STOPPED);
  world.desired = desired;
  world.desiredBefore = null;
  if (world.roll !== null) world.roll.resizes = false;
  if (world.registry.slots.size === 0) return;
  openSlots(turn);
  closeSurplusSlots(turn, spare);
}

function stop(turn: Turn, { now }: Asked<"StopRequested">): void {
  const { world } = turn;
  if (world.phase === "stopped") return void turn.commands.push({ type: "SettleStop" });
  if (world.phase === "starting") world.startReason ??= ROLL_STOPPED;
  world.phase = "stopping";
  if (world.roll !== null) endRoll(turn, world.roll, "failed", world.roll.reason ?? ROLL_STOPPED);
  settleScales(turn, ROLL_STOPPED);
  for (const worker of world.registry.workers.values()) {
    if (now) kill(turn, worker, null);
    else dismiss(turn, worker);
  }
}

/** A file system that does not answer must not hold up a request for ever. */
export function endResolving(turn: Turn, generation: Generation): void {
  const { phase, pinned, roll } = turn.world;
  const isResolving = phase === "starting" ? !pinned.has(1) : roll?.step === "resolving";
  if (!isResolving || generation !== (roll?.to ?? 1)) return;
  const reason = resolveTimeout(generation, turn.world.config.bootTimeoutMs);
  handleRelease(turn, { type: "ReleaseRejected", generation, reason });
}

/** The release of a generation was pinned, or cannot be. A late answer for a superseded roll is dropped. */
export function handleRelease(turn: Turn, event: ReleaseEvent): void {
  const { world } = turn;
  const { roll } = world;
  const isStart = world.phase === "starting" && event.generation === 1;
  if (isStart && event.type === "ReleaseResolved") {
    world.pinned.set(event.generation, { release: event.release, config: world.config });
    openSlots(turn);
  } else if (isStart && event.type === "ReleaseRejected") {
    world.startReason = event.reason;
    world.phase = "stopping";
  } else if (roll === null || roll.to !== event.generation || roll.step !== "resolving") {
    world.counters.staleEvents += 1;
  } else if (event.type === "ReleaseResolved") {
    const config = roll.past?.config ?? event.config ?? world.config;
    pinTarget(world, roll, { release: event.release, config });
    roll.entry = event.entry ?? roll.entry;
    roll.changed = event.changed ?? [];
    roll.step = firstStep(world);
    announce(turn, { name: "roll:progress", event: viewOf(world, roll) });
  } else {
    failRoll(turn, roll, event.reason);
  }
}
