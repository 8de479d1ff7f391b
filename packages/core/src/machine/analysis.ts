// Canary analysis: code that boots and then answers badly. From when the canary has been healthy for `minHealthyMs` (cold
// code is not held against it) the answers of both generations are added up; the roll goes on when both have answered
// often enough and the new one is no worse, or at the timeout. It goes on looking while the roll moves: a regression
// that shows only later reverts it as well. Only some workers of each generation are asked, however many there are.

import { type AnswerFigures, type Answers, combine, figuresOf, NO_ANSWERS } from "./answers.ts";
import { isTelling, regressionOf } from "./canary-verdict.ts";
import type { CanaryConfig } from "./config.ts";
import type { FailureReason, Generation, Milliseconds, WorkerId } from "./names.ts";
import { regressed } from "./reasons.ts";
import type { Worker } from "./registry.ts";
import { note } from "./workers.ts";
import type { Roll, Turn, World } from "./world.ts";

/** Soon enough to stop a bad roll, seldom enough to cost nothing. */
const LOOK_EACH_MS = 250;
/** Of each generation. Connections spread over workers at random; more would only cost messages. */
const WORKERS_MAX = 16;

export type CanaryVerdict = "watching" | "no worse" | "too few requests" | "worse";

/** For events, stats and results: the figures of both generations over the same time. */
export interface CanaryView {
  readonly verdict: CanaryVerdict;
  readonly from: AnswerFigures;
  readonly to: AnswerFigures;
}

export interface Analysis {
  /** Null until the figures from before it are in. */
  sinceAtMs: Milliseconds | null;
  verdict: CanaryVerdict;
  /** Whose answers count, and what each had answered before. */
  readonly watched: Map<WorkerId, { readonly generation: Generation; readonly before: Answers }>;
  /** Of those that have ended. */
  readonly past: { old: Answers; new: Answers };
  /** What spoke against the new generation; from then on nothing is counted any more. */
  final: CanaryView | null;
}

/** Goes on looking. @returns why the roll has to go back, or null. */
export function analyse(turn: Turn, roll: Roll, config: CanaryConfig): FailureReason | null {
  const analysis = roll.analysis ?? begin(turn, roll);
  if (turn.atMs < roll.lookAtMs) return null;
  roll.lookAtMs = turn.atMs + LOOK_EACH_MS;
  turn.world.deadlines.push({ kind: "canary", subject: roll.to, atMs: roll.lookAtMs });
  watchMore(turn.world, roll, analysis);
  for (const worker of analysis.watched.keys()) turn.commands.push({ type: "AskWorker", worker });
  if (analysis.sinceAtMs === null) {
    // What comes back to the first question is where the count begins.
    analysis.sinceAtMs = turn.atMs + LOOK_EACH_MS;
    return null;
  }
  return judge(turn, roll, analysis, config);
}

/** May the others follow the canary? */
export function isAnalysed({ analysis }: Roll): boolean {
  return analysis !== null && (analysis.verdict === "no worse" || analysis.verdict === "too few requests");
}

function begin(turn: Turn, roll: Roll): Analysis {
  const past = { old: NO_ANSWERS, new: NO_ANSWERS };
  roll.analysis = { sinceAtMs: null, verdict: "watching", watched: new Map(), past, final: null };
  roll.lookAtMs = turn.atMs;
  return roll.analysis;
}

/** Adds workers of both generations up to the limit; those that come later begin at what they have answered by then. */
function watchMore({ registry }: World, { from, to }: Roll, { watched, sinceAtMs }: Analysis): void {
  const missing = new Map([
    [from, WORKERS_MAX],
    [to, WORKERS_MAX],
  ]);
  for (const id of watched.keys()) {
    const worker = registry.workers.get(id);
    if (worker !== undefined) missing.set(worker.generation, (missing.get(worker.generation) ?? 0) - 1);
  }
  for (const worker of registry.workers.values()) {
    const left = missing.get(worker.generation) ?? 0;
    if (left <= 0 || worker.readyAtMs === null || watched.has(worker.id)) continue;
    const isNew = sinceAtMs !== null && worker.readyAtMs >= sinceAtMs;
    const before = isNew ? NO_ANSWERS : (worker.answers ?? NO_ANSWERS);
    watched.set(worker.id, { generation: worker.generation, before });
    missing.set(worker.generation, left - 1);
  }
}

/** The first figures after the question are where its count begins. */
export function noteAnswers({ world, atMs }: Turn, worker: Worker, answers: Answers): void {
  worker.answers = answers;
  const analysis = world.roll?.analysis ?? null;
  const watched = analysis?.watched.get(worker.id);
  if (analysis === null || watched === undefined) return;
  if (analysis.sinceAtMs === null || atMs < analysis.sinceAtMs)
    analysis.watched.set(worker.id, { ...watched, before: answers });
}

/** A worker has ended: what it had answered stays in the account. */
export function closeAccount({ roll }: World, worker: Worker): void {
  const analysis = roll?.analysis ?? null;
  const watched = analysis?.watched.get(worker.id);
  if (roll === null || analysis === null || watched === undefined) return;
  const side = worker.generation === roll.to ? "new" : "old";
  const since = combine(worker.answers ?? watched.before, watched.before, -1);
  analysis.past[side] = combine(analysis.past[side], since);
  analysis.watched.delete(worker.id);
}

export function canaryView({ registry }: World, roll: Roll): CanaryView | null {
  const { analysis } = roll;
  if (analysis === null || analysis.final !== null) return analysis?.final ?? null;
  const sums = { ...analysis.past };
  for (const [id, { generation, before }] of analysis.watched) {
    const side = generation === roll.to ? "new" : "old";
    sums[side] = combine(sums[side], combine(registry.workers.get(id)?.answers ?? before, before, -1));
  }
  return { verdict: analysis.verdict, from: figuresOf(sums.old), to: figuresOf(sums.new) };
}

function judge(turn: Turn, roll: Roll, analysis: Analysis, config: CanaryConfig): FailureReason | null {
  const view = canaryView(turn.world, roll);
  if (view === null) return null;
  const { from, to } = view;
  if (isTelling(config, from, to)) {
    const regression = regressionOf(config, from, to);
    if (regression === null) {
      if (analysis.verdict === "watching") analysis.verdict = "no worse";
      return null;
    }
    analysis.verdict = "worse";
    analysis.final = { from, to, verdict: "worse" };
    const canary = roll.canary === null ? undefined : turn.world.registry.workers.get(roll.canary);
    return regressed(canary, roll.to, regression);
  }
  const isOver = turn.atMs >= (analysis.sinceAtMs ?? turn.atMs) + config.timeoutMs;
  if (analysis.verdict === "watching" && isOver) {
    analysis.verdict = "too few requests";
    const seen = `old ${from.requests}, new ${to.requests}, wanted ${config.requests} of each`;
    note(
      turn,
      "warn",
      `${roll.id} goes on without a comparison: too few requests in ${config.timeoutMs} ms (${seen})`,
    );
  }
  return null;
}
