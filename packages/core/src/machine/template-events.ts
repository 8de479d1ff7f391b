// What one template reports. The table says whether that is legal now; a breach ends the template, as it ends a worker.

import type { SpawnFailed, TemplateEvent } from "./events.ts";
import { countStartFailure, settleScales } from "./failure.ts";
import { NOTHING_HELD } from "./held.ts";
import { identifiesTemplate } from "./identity.ts";
import { checkTemplateLiveness } from "./liveness.ts";
import type { FailureReason, Milliseconds } from "./names.ts";
import * as reasons from "./reasons.ts";
import { countTemplateFailure } from "./roll-failure.ts";
import { shownMs } from "./rounding.ts";
import { NEXT_OF_TEMPLATE, type TemplateInput } from "./template-lifecycle.ts";
import type { Template } from "./template-registry.ts";
import { killTemplate, recordTemplateFailure } from "./templates.ts";
import { announce, note } from "./workers.ts";
import type { Turn } from "./world.ts";

type Told<Type extends TemplateEvent["type"]> = Extract<TemplateEvent, { readonly type: Type }>;

const INPUT: Readonly<Record<TemplateEvent["type"], TemplateInput | null>> = {
  TemplateSpawned: "Spawned",
  TemplateSpawnFailed: "Exited",
  TemplateReported: "Admitted",
  TemplateReady: "Ready",
  TemplateHeartbeat: "Heartbeat",
  TemplateFailed: "Failed",
  TemplateViolated: null,
  TemplateExited: "Exited",
};

export function handleTemplateEvent(turn: Turn, template: Template, event: TemplateEvent): void {
  const input = INPUT[event.type];
  const next = input === null ? null : NEXT_OF_TEMPLATE[template.state][input];
  if (event.type === "TemplateExited") return exited(turn, template, event);
  if (event.type === "TemplateSpawnFailed") return spawnFailed(turn, template, event);
  if (next === null) return violated(turn, template, event);
  if (next === "killing") return;
  if (event.type === "TemplateReported") return reported(turn, template, event);
  template.state = next;
  switch (event.type) {
    case "TemplateSpawned":
      template.pid = event.pid;
      return;
    case "TemplateReady":
      return becameReady(turn, template, event);
    case "TemplateHeartbeat":
      template.lastHeartbeatAtMs = turn.atMs;
      return;
    case "TemplateFailed":
      template.fault ??= reasons.confessed(template, event.code, event.message);
      return;
    default:
      return;
  }
}

/** The first report: it goes on only when it is exactly who was ordered, of the release that was pinned. */
function reported(turn: Turn, template: Template, { reported: report }: Told<"TemplateReported">): void {
  const { counters, roll } = turn.world;
  template.reported = report;
  template.pid = report.pid;
  const claim = identifiesTemplate(template, report);
  if (claim !== null) {
    counters.mismatched += 1;
    return killTemplate(turn, template, reasons.mismatch(template, claim));
  }
  if (report.release.fingerprint !== template.release.fingerprint) {
    const changed = reasons.releaseChanged(template, report.release.fingerprint);
    const isPinned = roll !== null && roll.past !== null && template.generation === roll.to;
    const mayDiffer = template.config.onReleaseChanged === "warn" && roll?.step !== "reverting" && !isPinned;
    if (!mayDiffer) return killTemplate(turn, template, changed);
    note(turn, "warn", changed.message);
  }
  template.state = "booting";
}

function becameReady(turn: Turn, template: Template, event: Told<"TemplateReady">): void {
  const { templates } = turn.world;
  const { held = NOTHING_HELD, isWaiting = false } = event;
  const seat = templates.seats.get(template.generation);
  template.readyAtMs = turn.atMs;
  template.held = held;
  template.stateDeadlineAtMs = Number.POSITIVE_INFINITY;
  template.lastHeartbeatAtMs = turn.atMs;
  if (seat !== undefined) seat.hasBeenReady = true;
  checkTemplateLiveness(turn, template);
  announce(turn, {
    name: "template:ready",
    event: {
      ...identityOfTemplate(template),
      readyAfterMs: shownMs(turn.atMs - template.spawnedAtMs),
      held,
      isWaiting,
    },
  });
}

function violated(turn: Turn, template: Template, event: TemplateEvent): void {
  if (template.state === "killing") return;
  const detail =
    event.type === "TemplateViolated" ? event.detail : `${event.type} in state ${template.state}`;
  killTemplate(turn, template, reasons.violation(template, detail));
}

function spawnFailed(turn: Turn, template: Template, failure: SpawnFailed): void {
  template.fault ??= reasons.spawnFailed(template, failure);
  exited(turn, template, { exitCode: null, signal: null, stderr: "" });
}

/** Its end, asked for or not. A fault was counted when it was killed for it; one that it died of counts here. */
function exited(turn: Turn, template: Template, end: reasons.ProcessEnd): void {
  const { templates } = turn.world;
  const isUnasked = template.state !== "killing";
  const fault = template.fault ?? (isUnasked ? reasons.templateExited(template, end) : null);
  const reason = fault === null ? null : reasons.withEnd(fault, end);
  template.state = "exited";
  templates.unseat(template);
  templates.alive.delete(template.id);
  if (isUnasked) recordTemplateFailure(turn, template);
  const { exitCode, signal } = end;
  announce(turn, {
    name: "template:exited",
    event: { ...identityOfTemplate(template), exitCode, signal, reason },
  });
  if (reason !== null) templateFailed(turn, template, reason, template.readyAtMs);
}

/** Who is told. One that was ready has shown that its release loads; its later end is made good and nobody's failure. */
function templateFailed(
  turn: Turn,
  template: Template,
  reason: FailureReason,
  readyAtMs: Milliseconds | null,
): void {
  const { phase, config, templates } = turn.world;
  if (readyAtMs !== null) return;
  if (phase === "starting") return countStartFailure(turn, reason);
  if (phase !== "running") return;
  const failures = templates.seats.get(template.generation)?.failures ?? 0;
  if (failures >= config.maxFailures) settleScales(turn, reason);
  countTemplateFailure(turn, template.generation, reason);
}

function identityOfTemplate({ id, generation, pid }: Template) {
  return { template: id, generation, pid };
}
