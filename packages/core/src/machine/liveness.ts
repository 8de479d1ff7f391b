// Liveness: only the worker itself can send its heartbeat, and silence for `heartbeatTimeoutMs` ends it.
// Three guards keep us from killing the innocent. Self-stall: when the supervisor stood still, nobody's silence in that
// time counts. Second look: after a pause of the whole host the supervisor may run before its workers do, so a silent
// worker is asked and gets a moment in which everybody runs. Work: a worker deep in a task cannot speak, but has noted that
// it is; the task's own deadline is for that. A stopped process works at nothing: once it was seen so, it has as long as a
// silent one to be continued. Kill budget: at most a quarter of the slots (at least one) may at the same time be waiting
// for the replacement of a worker killed for silence; when a host starves, mass executions only make it worse.

import { EXAMINE_MS, STALL_MS } from "./config.ts";
import { serialOf } from "./names.ts";
import { heartbeatTimeout } from "./reasons.ts";
import type { Silence, Worker } from "./registry.ts";
import { expel } from "./slots.ts";
import type { Template } from "./template-registry.ts";
import { killTemplate, lengthenTemplateDeadline } from "./templates.ts";
import { lengthenDeadline, note } from "./workers.ts";
import type { Turn, World } from "./world.ts";

/** A worker or a template: each is held to the settings of its own generation. */
type Watched = Pick<Worker, "config">;

/** Stalls that are remembered: as long as a silence may last there are hardly so many. */
const STALLS_MAX = 64;

const NEVER_MS = Number.NEGATIVE_INFINITY;

/** Watches a worker that has just become ready. */
export function watch(turn: Turn, worker: Worker): void {
  worker.lastHeartbeatAtMs = turn.atMs;
  checkAgain(turn, worker, turn.atMs + worker.config.heartbeatTimeoutMs);
}

/** The worker's check has come up: alive, over budget, or to be ended. */
export function checkLiveness(turn: Turn, worker: Worker): void {
  const { world, atMs } = turn;
  if (worker.state !== "ready") return;
  const suspendedAtMs = worker.silence?.suspendedAtMs ?? NEVER_MS;
  const silentSinceAtMs = excused(world, Math.max(signOfLifeAtMs(worker), suspendedAtMs));
  const dueAtMs = silentSinceAtMs + worker.config.heartbeatTimeoutMs;
  if (atMs < dueAtMs) return checkAgain(turn, worker, dueAtMs);
  const againMs = recheckMs(worker);
  const silence = silenceOf(worker);
  const isSecondLook = wasSuspected(turn, silence, againMs, silentSinceAtMs);
  silence.suspectedAtMs = atMs;
  if (!isSecondLook || isBudgetSpent(world)) {
    ask(turn, worker);
    return checkAgain(turn, worker, atMs + againMs);
  }
  if (silence.examinedAtMs < silentSinceAtMs) return examine(turn, worker, silence);
  if (worker.role === "current") world.executed.add(worker.slot);
  expel(turn, worker, heartbeatTimeout(worker, atMs - worker.lastHeartbeatAtMs));
}

function ask({ world, commands }: Turn, worker: Worker): void {
  if (world.config.asksTheSilent) commands.push({ type: "AskWorker", worker: worker.id });
}

/** It was found stopped in the middle of a task. Only the first finding counts: the next ones are the same silence. */
export function noteSuspended({ atMs }: Turn, worker: Worker): void {
  const silence = silenceOf(worker);
  if (silence.suspendedAtMs < signOfLifeAtMs(worker)) silence.suspendedAtMs = atMs;
}

/** Where it is noted, made at the first note. */
export function silenceOf(worker: Worker): Silence {
  worker.silence ??= {
    busyAtMs: NEVER_MS,
    suspendedAtMs: NEVER_MS,
    suspectedAtMs: NEVER_MS,
    examinedAtMs: NEVER_MS,
  };
  return worker.silence;
}

function signOfLifeAtMs({ lastHeartbeatAtMs, silence }: Worker): number {
  return silence === null ? lastHeartbeatAtMs : Math.max(lastHeartbeatAtMs, silence.busyAtMs);
}

/** Its last words: what it was doing is known to nobody once it is dead. */
function examine(turn: Turn, worker: Worker, silence: Silence): void {
  silence.examinedAtMs = turn.atMs;
  // It may have begun a task since it was asked.
  ask(turn, worker);
  turn.commands.push({ type: "ExamineWorker", worker: worker.id });
  checkAgain(turn, worker, turn.atMs + Math.min(EXAMINE_MS, recheckMs(worker)));
}

/** The deadlines came late: the supervisor stood still for `lateMs`. What runs against workers is longer by that, and by no more:
 *  a supervisor that stands still again and again would else never end anybody. What came in the meantime is still to be read,
 *  so a deadline that has passed in it is looked at once more; each state has that once. */
export function forgiveStall(turn: Turn, lateMs: number): void {
  const { world, atMs } = turn;
  world.stalls.push({ atMs, lateMs });
  if (world.stalls.length > STALLS_MAX) world.stalls.shift();
  for (const worker of world.registry.workers.values()) {
    const leftMs = leftAfterStall(turn, worker, lateMs);
    if (leftMs !== null) lengthenDeadline(turn, worker, leftMs);
  }
  for (const template of world.templates.alive.values()) {
    const leftMs = leftAfterStall(turn, template, lateMs);
    if (leftMs !== null) lengthenTemplateDeadline(turn, template, leftMs);
  }
  note(turn, "warn", `the supervisor stood still for ${Math.round(lateMs)} ms; deadlines are later by that`);
}

/** How long a state may still last after a stall; null: it has no deadline, or began after the stall. */
function leftAfterStall(
  { atMs }: Turn,
  watched: { readonly stateDeadlineAtMs: number; readonly deadlineSetAtMs: number; isSpared: boolean },
  lateMs: number,
): number | null {
  const lostMs = Math.min(lateMs, atMs - watched.deadlineSetAtMs);
  if (!Number.isFinite(watched.stateDeadlineAtMs) || lostMs <= 0) return null;
  const leftMs = watched.stateDeadlineAtMs + lostMs - atMs;
  // Never more than the whole time that the state had.
  const lastLookMs = Math.min(STALL_MS, watched.stateDeadlineAtMs - watched.deadlineSetAtMs);
  if (leftMs >= lastLookMs || watched.isSpared) return Math.max(0, leftMs);
  watched.isSpared = true;
  return lastLookMs;
}

/** A moment from which on somebody was silent, later by the stalls of the supervisor since then. */
function excused({ stalls }: World, sinceAtMs: number): number {
  let at = sinceAtMs;
  for (const { atMs, lateMs } of stalls) at += Math.min(lateMs, Math.max(0, atMs - sinceAtMs));
  return at;
}

function isBudgetSpent(world: World): boolean {
  return world.executed.size >= Math.max(1, Math.ceil(world.desired / 4));
}

/** A template's check has come up. It forks in milliseconds and does nothing else, so its silence needs no budget. */
export function checkTemplateLiveness(turn: Turn, template: Template): void {
  const { world, atMs } = turn;
  if (template.state !== "ready") return;
  const silentSinceAtMs = excused(world, template.lastHeartbeatAtMs);
  const dueAtMs = silentSinceAtMs + template.config.heartbeatTimeoutMs;
  if (atMs < dueAtMs) return checkTemplateAgain(turn, template, dueAtMs);
  const againMs = recheckMs(template);
  const isSecondLook = wasSuspected(turn, template, againMs, silentSinceAtMs);
  template.suspectedAtMs = atMs;
  if (!isSecondLook) return checkTemplateAgain(turn, template, atMs + againMs);
  killTemplate(turn, template, heartbeatTimeout(template, atMs - template.lastHeartbeatAtMs));
}

function checkTemplateAgain(turn: Turn, template: Template, atMs: number): void {
  turn.world.deadlines.push({ kind: "template-liveness", subject: serialOf(template.id), atMs });
}

/** Was this same silence found too long a moment ago? */
function wasSuspected(
  { atMs }: Turn,
  { suspectedAtMs }: Pick<Silence, "suspectedAtMs">,
  againMs: number,
  silentSinceAtMs: number,
): boolean {
  return suspectedAtMs >= silentSinceAtMs && atMs - suspectedAtMs < 2 * againMs;
}

/** A quarter of the timeout, 20 ms to 1 s: soon, without spinning. */
function recheckMs({ config }: Watched): number {
  return Math.min(1_000, Math.max(20, config.heartbeatTimeoutMs / 4));
}

function checkAgain(turn: Turn, worker: Worker, atMs: number): void {
  turn.world.deadlines.push({ kind: "liveness", subject: worker.serial, atMs });
}
