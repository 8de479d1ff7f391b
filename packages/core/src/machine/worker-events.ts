// What workers tell, after the stale gate. Each handler first asks the lifecycle table; a cell that does not exist is
// a breach of protocol and ends that worker. Then registry, roll and seats are told.

import { closeAccount, noteAnswers } from "./analysis.ts";
import type { SpawnFailed, WorkerEvent } from "./events.ts";
import { workerFailed } from "./failure.ts";
import { expectFollowers, isFollower } from "./followers.ts";
import { identifies } from "./identity.ts";
import { leftOnItsOwn, signalled } from "./leaving.ts";
import { isDraining, NEXT, type WorkerInput } from "./lifecycle.ts";
import { noteSuspended, silenceOf, watch } from "./liveness.ts";
import type { FailureReason } from "./names.ts";
import * as reasons from "./reasons.ts";
import { considerRecycling, countSlowBeats, drawLimits } from "./recycling.ts";
import type { Worker } from "./registry.ts";
import { viewOf } from "./roll.ts";
import { shownMs } from "./rounding.ts";
import { expel, promote, refill } from "./slots.ts";
import { isExcused, judgeFork } from "./templates.ts";
import { admit, announce, dismiss, identityOf, kill, note } from "./workers.ts";
import type { Turn, World } from "./world.ts";

type Told<Type extends WorkerEvent["type"]> = Extract<WorkerEvent, { readonly type: Type }>;

/** The table's input for each event. */
const INPUT: Readonly<Record<WorkerEvent["type"], WorkerInput | null>> = {
  WorkerSpawned: "Spawned",
  WorkerSpawnFailed: "Exited",
  WorkerReported: "Reported",
  WorkerBooted: "Booted",
  WorkerReady: "Ready",
  WorkerHeartbeat: "Heartbeat",
  WorkerBusy: "Heartbeat",
  WorkerSuspended: "Heartbeat",
  WorkerSignalled: null,
  WorkerDismissed: null,
  WorkerFailed: "Failed",
  WorkerDraining: "DrainStarted",
  WorkerLingering: "LingerStarted",
  WorkerBye: "Parted",
  WorkerPosted: "Posted",
  WorkerViolated: null,
  WorkerExited: "Exited",
};

export function handleWorkerEvent(turn: Turn, worker: Worker, event: WorkerEvent): void {
  const before = worker.state;
  const input = INPUT[event.type];
  const next = input === null ? null : NEXT[before][input];
  if (event.type === "WorkerExited") return exited(turn, worker, event);
  if (event.type === "WorkerSpawnFailed") return spawnFailed(turn, worker, event);
  if (event.type === "WorkerSignalled") return signalled(turn, worker);
  if (event.type === "WorkerDismissed") return dismissed(turn, worker, event.reason);
  if (next === null) return violated(turn, worker, event);
  if (next === "killing") return;
  if (event.type === "WorkerReported") return reported(turn, worker, event);
  turn.world.registry.enter(worker, next);
  switch (event.type) {
    case "WorkerSpawned":
      worker.pid = event.pid;
      return;
    case "WorkerReady":
      return becameReady(turn, worker);
    case "WorkerHeartbeat":
      worker.lastHeartbeatAtMs = turn.atMs;
      worker.usage = event.usage;
      if (event.answers !== undefined) noteAnswers(turn, worker, event.answers);
      countSlowBeats(worker);
      return considerRecycling(turn, worker);
    case "WorkerBusy":
      silenceOf(worker).busyAtMs = turn.atMs;
      return;
    case "WorkerSuspended":
      return noteSuspended(turn, worker);
    case "WorkerFailed":
      worker.fault ??= reasons.confessed(worker, event.code, event.message);
      return;
    case "WorkerDraining":
      return before === "ready" ? leftOnItsOwn(turn, worker) : undefined;
    case "WorkerPosted":
      return announce(turn, {
        name: "worker:message",
        event: { ...identityOf(worker), payload: event.payload },
      });
    default:
      return;
  }
}

/** The first report: it is admitted only when it is exactly who was ordered, and a follower not before its time. */
function reported(turn: Turn, worker: Worker, { reported: report }: Told<"WorkerReported">): void {
  const { counters } = turn.world;
  worker.reportedGeneration = report.generation;
  worker.pid = report.pid;
  worker.releaseChanged = report.release.fingerprint !== worker.release.fingerprint;
  const claim = identifies(worker, report);
  if (claim !== null) {
    counters.mismatched += 1;
    return expel(turn, worker, reasons.mismatch(worker, claim));
  }
  const mayDiffer = worker.config.onReleaseChanged === "warn" && !bringsBack(turn.world, worker);
  if (worker.releaseChanged && !mayDiffer) {
    return expel(turn, worker, reasons.releaseChanged(worker, report.release.fingerprint));
  }
  if (worker.releaseChanged) {
    const { message } = reasons.releaseChanged(worker, report.release.fingerprint);
    note(turn, "warn", message);
  }
  turn.world.registry.enter(worker, "held");
  if (!isFollower(turn.world, worker)) admit(turn, worker);
}

/** Old code is to come back: other files than were pinned then are not that code. */
function bringsBack({ roll }: World, worker: Worker): boolean {
  return (
    roll !== null && (roll.step === "reverting" || (roll.past !== null && worker.generation === roll.to))
  );
}

/** Ready gates everything. A canary beside a current worker is watched first; anyone else takes the seat. */
function becameReady(turn: Turn, worker: Worker): void {
  const { registry, roll, deadlines } = turn.world;
  worker.readyAtMs = turn.atMs;
  worker.stateDeadlineAtMs = Number.POSITIVE_INFINITY;
  watch(turn, worker);
  drawLimits(turn, worker);
  const { id, generation, pid } = worker;
  const readyAfterMs = shownMs(turn.atMs - worker.spawnedAtMs);
  announce(turn, {
    name: "worker:ready",
    event: { slot: worker.slot, worker: id, generation, pid, readyAfterMs },
  });
  const slot = registry.slots.get(worker.slot);
  if (slot === undefined || slot.incoming !== worker) return;
  const isCanary = roll !== null && roll.step === "canary" && roll.canary === worker.id;
  if (isCanary) {
    deadlines.push({ kind: "healthy", subject: worker.serial, atMs: turn.atMs + worker.config.minHealthyMs });
    expectFollowers(turn, roll, worker);
  }
  if (isCanary && slot.current !== null) return;
  promote(turn, slot);
  if (roll !== null && worker.generation === roll.to) {
    announce(turn, { name: "roll:progress", event: viewOf(turn.world, roll) });
  }
}

/** It has done its part, or its task has to be stopped: a new one takes the seat at once, and nobody is blamed. */
function dismissed(turn: Turn, worker: Worker, reason: FailureReason | null): void {
  const slot = turn.world.registry.slots.get(worker.slot);
  const wasSeated = worker.role !== "leaving";
  if (reason === null) dismiss(turn, worker);
  else kill(turn, worker, reason);
  if (wasSeated && slot !== undefined) refill(turn, slot, worker, false);
}

function violated(turn: Turn, worker: Worker, event: WorkerEvent): void {
  if (worker.state === "killing") return;
  const detail = event.type === "WorkerViolated" ? event.detail : `${event.type} in state ${worker.state}`;
  expel(turn, worker, reasons.violation(worker, detail));
}

/** The operating system could not start it: there is no process, so this is its end as well. */
function spawnFailed(turn: Turn, worker: Worker, failure: SpawnFailed): void {
  const isPardoned = worker.fault === null && isExcused(turn, worker);
  worker.fault ??= reasons.spawnFailed(worker, failure);
  exited(turn, worker, { exitCode: null, signal: null, stderr: "" }, isPardoned);
}

/** Spelled out, as a spread costs several times as much; an exit is the most expensive event there is. */
function announceExit(
  turn: Turn,
  { slot, id: worker, generation, pid, moved }: Worker,
  { exitCode, signal }: reasons.ProcessEnd,
  reason: FailureReason | null,
): void {
  const event = { slot, worker, generation, pid, exitCode, signal, moved, reason };
  announce(turn, { name: "worker:exited", event });
}

function exited(turn: Turn, worker: Worker, processEnd: reasons.ProcessEnd, isPardoned = false): void {
  const { registry, counters, surplus } = turn.world;
  const before = worker.state;
  const uptimeMs = worker.readyAtMs === null ? null : turn.atMs - worker.readyAtMs;
  const isEarly =
    uptimeMs === null || uptimeMs < worker.config.minHealthyMs || worker.fault?.code === "BROOD_UNHEALTHY";
  const isUnasked = !isDraining(before) && before !== "killing";
  const fault =
    worker.fault ?? (isUnasked ? reasons.exitedUnasked(worker, processEnd, uptimeMs, isEarly) : null);
  const reason = fault === null ? null : reasons.withEnd(fault, processEnd);
  const wasSeated = worker.role !== "leaving";
  const slot = registry.slots.get(worker.slot);
  counters.exited += 1;
  if (isUnasked) counters.crashed += 1;
  closeAccount(turn.world, worker);
  registry.enter(worker, "exited");
  registry.forget(worker);
  surplus.delete(worker.id);
  announceExit(turn, worker, processEnd, reason);
  if (wasSeated && slot !== undefined) refill(turn, slot, worker, reason !== null && !isPardoned);
  judgeFork(turn, worker, isEarly ? reason : null);
  if (reason !== null && !isPardoned) workerFailed(turn, worker, reason, isEarly);
}
