// Templates as the registry wants them: the last good generation has one, and so has the target of a roll. What is not
// wanted any more is ended at the end of the same turn, so no template of another generation outlives a completed roll.
// One that only has workers left is kept until they have gone: it is their parent, and reaps them.
// A template that fails is built again from the pinned release, never from a worker, with the back-off of a slot.

import { FAILURES_FORGOTTEN_AFTER_MS, KILL_AGAIN_AFTER_MS } from "./config.ts";
import { backOffMaxMs } from "./intensity.ts";
import { invariant } from "./invariant.ts";
import { type FailureReason, type Generation, serialOf } from "./names.ts";
import { nameOf, templateDiscarded } from "./reasons.ts";
import type { Worker } from "./registry.ts";
import { NEXT_OF_TEMPLATE } from "./template-lifecycle.ts";
import type { Template, TemplateSeat } from "./template-registry.ts";
import { announce } from "./workers.ts";
import { draw, type Turn, type World } from "./world.ts";

/** The first is the operating system's doing; in the second it was told to go and was too slow. */
const SAYS_NOTHING: readonly string[] = ["BROOD_SPAWN_FAILED", "BROOD_DRAIN_TIMEOUT"];

/** Ends what is not wanted, builds what is missing. Once a turn, when all else is decided: one that is
 *  built before a roll ends in the same turn would only be killed again. */
export function tendTemplates(turn: Turn): void {
  const { world } = turn;
  const { config, phase, roll, lastGood, pinned } = world;
  if (config.template === null) return;
  for (const seat of world.templates.seats.values()) if (!isKept(world, seat)) abandon(turn, seat);
  if (phase === "starting" && pinned.has(1)) fill(turn, 1);
  if (phase !== "running") return;
  fill(turn, lastGood);
  if (roll !== null && roll.step !== "resolving" && roll.step !== "reverting") fill(turn, roll.to);
}

/** Is this generation's template to be there? */
function isWanted({ phase, roll, lastGood }: World, generation: Generation): boolean {
  if (phase === "starting") return generation === 1;
  if (phase !== "running") return false;
  return generation === lastGood || (roll?.to === generation && roll.step !== "reverting");
}

function isKept(world: World, seat: TemplateSeat): boolean {
  if (isWanted(world, seat.generation)) return true;
  return seat.template?.state === "ready" && world.registry.aliveOf(seat.generation) > 0;
}

function abandon(turn: Turn, seat: TemplateSeat): void {
  if (seat.template !== null) killTemplate(turn, seat.template, null);
  turn.world.templates.seats.delete(seat.generation);
}

/** Orders a template for the generation, unless there is one or its back-off runs. One that failed to load has to be gone
 *  first: what it leaves behind as its reason decides whether there is to be another. */
function fill(turn: Turn, generation: Generation): void {
  const { world, atMs } = turn;
  const seat = world.templates.open(generation);
  if (seat.template !== null || seat.backingOffUntilAtMs !== null) return;
  for (const each of world.templates.alive.values())
    if (each.generation === generation && each.readyAtMs === null) return;
  const pinned = world.pinned.get(generation);
  invariant(pinned !== undefined, `generation ${generation} has no release`);
  const { release, config } = pinned;
  const { bootTimeoutMs } = config;
  const template: Template = {
    id: `t${world.nextTemplate++}`,
    generation,
    release,
    config,
    spawnedAtMs: atMs,
    state: "spawning",
    reported: null,
    pid: null,
    readyAtMs: null,
    held: null,
    stateDeadlineAtMs: Number.POSITIVE_INFINITY,
    deadlineSetAtMs: atMs,
    isSpared: false,
    lastHeartbeatAtMs: atMs,
    suspectedAtMs: Number.NEGATIVE_INFINITY,
    forkFailures: 0,
    lastForkFailureAtMs: Number.NEGATIVE_INFINITY,
    fault: null,
  };
  seat.template = template;
  world.templates.alive.set(template.id, template);
  setTemplateDeadline(turn, template, bootTimeoutMs);
  const order = { template: template.id, generation, release, config, bootTimeoutMs };
  turn.commands.push({ type: "SpawnTemplate", ...order });
  announce(turn, { name: "template:spawned", event: { template: template.id, generation, pid: null } });
}

/** Ends a template, for a fault or (null) because it is not wanted any more. */
export function killTemplate(turn: Turn, template: Template, fault: FailureReason | null): void {
  template.fault ??= fault;
  turn.world.templates.unseat(template);
  if (fault !== null) recordTemplateFailure(turn, template);
  if (template.state === "killing") return;
  const next = NEXT_OF_TEMPLATE[template.state].KillRequested;
  invariant(next !== null, `${nameOf(template)} cannot be killed in state ${template.state}`);
  template.state = next;
  killTemplateAgain(turn, template);
}

export function killTemplateAgain(turn: Turn, template: Template): void {
  setTemplateDeadline(turn, template, KILL_AGAIN_AFTER_MS);
  turn.commands.push({ type: "KillTemplate", template: template.id });
}

export function setTemplateDeadline(turn: Turn, template: Template, afterMs: number): void {
  template.isSpared = false;
  template.deadlineSetAtMs = turn.atMs;
  lengthenTemplateDeadline(turn, template, afterMs);
}

/** The same state goes on for so long from now. */
export function lengthenTemplateDeadline(turn: Turn, template: Template, afterMs: number): void {
  template.stateDeadlineAtMs = turn.atMs + afterMs;
  turn.world.deadlines.push({
    kind: "template-state",
    subject: serialOf(template.id),
    atMs: template.stateDeadlineAtMs,
  });
}

/** The seat lost its template to a failure. The first one after it was ready is made good at once. */
export function recordTemplateFailure(turn: Turn, template: Template): void {
  const seat = turn.world.templates.seats.get(template.generation);
  if (seat === undefined) return;
  const readyForMs = template.readyAtMs === null ? 0 : turn.atMs - template.readyAtMs;
  seat.failures = readyForMs >= FAILURES_FORGOTTEN_AFTER_MS ? 1 : seat.failures + 1;
  if (seat.failures === 1) return;
  seat.backingOffUntilAtMs = turn.atMs + draw(turn) * backOffMaxMs(seat.failures - 1);
  turn.world.deadlines.push({
    kind: "template-back-off",
    subject: seat.generation,
    atMs: seat.backingOffUntilAtMs,
  });
}

export function endTemplateBackOff(turn: Turn, generation: Generation): void {
  const seat = turn.world.templates.seats.get(generation);
  if (seat !== undefined && (seat.backingOffUntilAtMs ?? Number.POSITIVE_INFINITY) <= turn.atMs)
    seat.backingOffUntilAtMs = null;
}

/** What the end of a forked worker says about its template. An early failure counts against it, unless it is the operating
 *  system's doing or our own. A worker that has been ready for `minHealthyMs` since the last one clears it: being ready alone
 *  does not, or a template whose workers all crash a moment later would be kept for ever. */
export function judgeFork(turn: Turn, worker: Worker, failure: FailureReason | null): void {
  const { registry, templates } = turn.world;
  const template = worker.template === null ? undefined : templates.alive.get(worker.template);
  if (template === undefined) return;
  if (hasProven(turn, template, worker)) template.forkFailures = 0;
  if (failure === null || SAYS_NOTHING.includes(failure.code)) return;
  const others = template.forkFailures === 0 ? [] : registry.workers.values();
  for (const other of others) if (hasProven(turn, template, other)) template.forkFailures = 0;
  template.forkFailures += 1;
  template.lastForkFailureAtMs = turn.atMs;
  const isCorrupt =
    template.forkFailures >= (template.config.template?.failuresMax ?? Number.POSITIVE_INFINITY);
  if (isCorrupt && template.state === "ready") killTemplate(turn, template, templateDiscarded(template));
}

/** Has this worker shown, since the last failure, that what is forked from the template works? */
function hasProven(
  { atMs }: Turn,
  template: Template,
  { template: origin, readyAtMs, config }: Worker,
): boolean {
  if (origin !== template.id || readyAtMs === null) return false;
  const provenAtMs = readyAtMs + config.minHealthyMs;
  return provenAtMs <= atMs && provenAtMs > template.lastForkFailureAtMs;
}

/** Was the order to fork this worker lost with its template, and another one's loss counted already? One template's end is
 *  one failure, however many orders it had read: else it would fail a roll that has several under way. */
export function isExcused({ world }: Turn, { template: origin, generation }: Worker): boolean {
  if (origin === null || world.templates.alive.get(origin)?.state === "ready") return false;
  const seat = world.templates.seats.get(generation);
  if (seat === undefined || seat.losing === origin) return true;
  seat.losing = origin;
  return false;
}
