// What speaks against a roll, and what follows. The canary has one try (only a failure of the operating system to start
// it is tried again, after a back-off); after it `maxFailures` workers of the new generation may fail. Then the slots that
// moved go back to the last good generation; if that does not come up either, what still serves is kept, and said.

import { withoutRepeat } from "./failure-words.ts";
import { backOffMaxMs } from "./intensity.ts";
import type { FailureReason, Generation } from "./names.ts";
import type { Worker } from "./registry.ts";
import { endRoll } from "./roll.ts";
import { restoreConfig, restoreSize } from "./settings.ts";
import { dismiss, note } from "./workers.ts";
import { draw, type Roll, type Turn, type World } from "./world.ts";

/** Codes that say that the old code is not there any more: more tries cannot bring it back. */
const LOST_CODES: readonly string[] = ["BROOD_RELEASE_CHANGED", "BROOD_RELEASE_NOT_FOUND"];

/** A worker failed while booting, soon after, or by silence. Counts it if it speaks against the roll. */
export function countRollFailure(turn: Turn, worker: Worker, reason: FailureReason): void {
  const { roll, config } = turn.world;
  if (roll === null) return;
  if (roll.step === "reverting" && worker.generation === roll.from) {
    roll.failures += 1;
    if (roll.failures >= config.maxFailures || LOST_CODES.includes(reason.code)) giveUpReverting(turn, roll);
    return;
  }
  if (worker.generation !== roll.to || roll.step === "reverting") return;
  roll.failures += 1;
  const isCanary = roll.step === "canary" && reason.code !== "BROOD_SPAWN_FAILED";
  if (isCanary || roll.failures >= config.maxFailures) failRoll(turn, roll, reason);
  else if (roll.canary === worker.id) sendCanaryLater(turn, roll);
}

/** Whatever the operating system is short of, it has no more of it in the same instant. */
function sendCanaryLater(turn: Turn, roll: Roll): void {
  roll.canary = null;
  roll.canaryAtMs = turn.atMs + (0.5 + draw(turn) / 2) * backOffMaxMs(roll.failures);
  turn.world.deadlines.push({ kind: "canary", subject: roll.to, atMs: roll.canaryAtMs });
}

/** A template failed before it was ready. The new generation's first one has one try, as a canary has; one that is built
 *  again counts like a worker. */
export function countTemplateFailure(turn: Turn, generation: Generation, reason: FailureReason): void {
  const { roll, config } = turn.world;
  if (roll === null) return;
  const target = roll.step === "reverting" ? roll.from : roll.to;
  if (generation !== target) return;
  roll.failures += 1;
  const isSpent = roll.failures >= config.maxFailures;
  if (roll.step === "reverting") {
    if (isSpent && config.template?.fallback === "wait") giveUpReverting(turn, roll);
  } else if (isSpent || (roll.step === "template" && reason.code !== "BROOD_SPAWN_FAILED")) {
    failRoll(turn, roll, reason);
  }
}

/** Stops the roll: what it has not finished booting goes at once, slots that moved go back to the last good generation. */
export function failRoll(turn: Turn, roll: Roll, reason: FailureReason): void {
  roll.followers.clear();
  roll.reason = reason;
  roll.step = "reverting";
  roll.failures = 0;
  restoreConfig(turn.world);
  restoreSize(turn, roll);
  note(turn, "error", `${roll.id} failed: ${withoutRepeat(reason.message, reason.stderr ?? "")}`);
  const isOn = (worker: Worker | null): worker is Worker =>
    worker !== null && worker.generation !== roll.from;
  for (const slot of turn.world.registry.slots.values()) {
    if (isOn(slot.incoming)) {
      dismiss(turn, slot.incoming);
      if (slot.current === null) turn.world.vacant.add(slot.index);
    }
    if (isOn(slot.current) || slot.current === null) roll.pending.add(slot.index);
  }
  if (roll.pending.first() !== null && isOverwritten(turn.world, roll)) giveUpReverting(turn, roll);
}

/** The new release was put over the old one: fresh processes would load it, whatever generation they are of. */
function isOverwritten({ pinned, templates }: World, { from, to }: Roll): boolean {
  const [before, after] = [pinned.get(from)?.release, pinned.get(to)?.release];
  if (before === undefined || after === undefined || templates.readyOf(from) !== null) return false;
  return before.entry === after.entry && before.fingerprint !== after.fingerprint;
}

/** The old release cannot be brought back (its files changed or do not boot): what serves goes on serving. */
function giveUpReverting(turn: Turn, roll: Roll): void {
  for (const { current, incoming } of turn.world.registry.slots.values()) {
    if (current !== null && incoming !== null) dismiss(turn, incoming);
  }
  const kept = turn.world.registry.currentOf(roll.to);
  note(
    turn,
    "error",
    `${roll.id}: generation ${roll.from} does not come up again; ${kept} workers stay on ${roll.to}`,
  );
  endRoll(turn, roll, "failed", roll.reason);
}
