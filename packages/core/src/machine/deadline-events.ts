// The one timer. Every deadline that is due is taken from the heap and held against the record it names; entries that
// were overtaken by events mean nothing. Comes late when the supervisor itself stood still: then nobody is punished.

import { STALL_MS } from "./config.ts";
import type { Deadline, DeadlineKind } from "./deadlines.ts";
import type { DeadlineEvent } from "./events.ts";
import { leaveAsSignalled } from "./leaving.ts";
import { checkLiveness, checkTemplateLiveness, forgiveStall } from "./liveness.ts";
import { bootTimeout, drainTimeout, nameOf } from "./reasons.ts";
import { considerRecycling } from "./recycling.ts";
import type { Worker } from "./registry.ts";
import { endResolving } from "./requests.ts";
import { expel, revisit } from "./slots.ts";
import type { Template } from "./template-registry.ts";
import { endTemplateBackOff, killTemplate, killTemplateAgain } from "./templates.ts";
import { kill, killAgain, note, setDeadline } from "./workers.ts";
import type { Turn } from "./world.ts";

export function handleDeadlines(turn: Turn, { dueAtMs }: DeadlineEvent): void {
  const lateMs = turn.atMs - dueAtMs;
  if (lateMs > STALL_MS) forgiveStall(turn, lateMs);
  for (;;) {
    const deadline = turn.world.deadlines.takeDue(turn.atMs);
    if (deadline === null) return;
    handleDeadline(turn, deadline);
  }
}

function handleDeadline(turn: Turn, { kind, subject }: Deadline): void {
  switch (kind) {
    case "state":
    case "liveness":
    case "age":
    case "signalled": {
      const worker = turn.world.registry.workers.bySerial(subject);
      if (worker !== undefined) handleWorkerDeadline(turn, worker, kind);
      return;
    }
    case "template-state":
    case "template-liveness": {
      const template = turn.world.templates.alive.get(`t${subject}`);
      if (template !== undefined) handleTemplateDeadline(turn, template, kind);
      return;
    }
    case "template-back-off":
      return endTemplateBackOff(turn, subject);
    case "back-off":
      return endBackOff(turn, subject);
    case "resolve":
      return endResolving(turn, subject);
    case "healthy":
    case "canary":
      // What there is to do is done at the end of every turn.
      return;
  }
}

type WorkerDeadlineKind = Extract<DeadlineKind, "state" | "liveness" | "age" | "signalled">;

function handleWorkerDeadline(turn: Turn, worker: Worker, kind: WorkerDeadlineKind): void {
  if (kind === "liveness") return checkLiveness(turn, worker);
  if (kind === "age") return considerRecycling(turn, worker);
  if (kind === "signalled") return leaveAsSignalled(turn, worker);
  if (worker.stateDeadlineAtMs <= turn.atMs) endState(turn, worker);
}

/** The worker has stayed in a state for as long as it may. */
function endState(turn: Turn, worker: Worker): void {
  const { roll } = turn.world;
  const { config } = worker;
  switch (worker.state) {
    case "held":
    case "waiting":
      // It waits for us.
      return setDeadline(turn, worker, config.bootTimeoutMs);
    case "spawning":
    case "booting":
      return expel(turn, worker, bootTimeout(worker, config.bootTimeoutMs));
    case "draining":
    case "lingering":
      if (roll !== null && worker.generation !== roll.to) roll.killed += 1;
      return kill(turn, worker, drainTimeout(worker, config.drainTimeoutMs));
    case "killing":
      note(
        turn,
        "error",
        `${nameOf(worker)} pid=${worker.pid} was killed but has not ended; killing it again`,
      );
      return killAgain(turn, worker);
    default:
      return;
  }
}

function handleTemplateDeadline(
  turn: Turn,
  template: Template,
  kind: "template-state" | "template-liveness",
): void {
  if (kind === "template-liveness") return checkTemplateLiveness(turn, template);
  if (template.stateDeadlineAtMs > turn.atMs) return;
  if (template.state !== "killing") {
    return killTemplate(turn, template, bootTimeout(template, template.config.bootTimeoutMs));
  }
  note(
    turn,
    "error",
    `${nameOf(template)} pid=${template.pid} was killed but has not ended; killing it again`,
  );
  killTemplateAgain(turn, template);
}

function endBackOff(turn: Turn, index: number): void {
  const slot = turn.world.registry.slots.get(index);
  if (slot === undefined || slot.backingOffUntilAtMs === null || slot.backingOffUntilAtMs > turn.atMs) return;
  slot.backingOffUntilAtMs = null;
  revisit(turn, slot);
}
