// Liveness of templates from both sides, as silence.ts has it for workers: nobody but the template itself can refresh its
// heartbeat, so one that hangs is ended; and none is ended for silence that was heard.

import type { Template } from "@brood/core/engine";
import type { Observation } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

/** The timer has whole milliseconds. */
const TIMER_MS = 1;
/** The machine looks a second time, at most a second later. */
const RECHECK_MS = 2_000;

export function templateSilence(): Invariant {
  const condemned = new Set<string>();
  return {
    name: "template-silence",
    check(observation) {
      for (const template of observation.world.templates.alive.values()) {
        const isNew = template.fault?.code === "BROOD_HEARTBEAT_TIMEOUT" && !condemned.has(template.id);
        if (isNew) condemned.add(template.id);
        const wrong = isNew ? innocent(template, observation) : spared(template, observation);
        if (wrong !== null) return `template=${template.id} gen=${template.generation} ${wrong}`;
      }
      return null;
    },
  };
}

function silentMs({ id }: Template, { atMs, templates, stoodStillUntilMs }: Observation): number {
  return atMs - Math.max(templates.get(id)?.heardAtMs ?? atMs, stoodStillUntilMs);
}

function innocent(template: Template, observation: Observation): string | null {
  const forMs = silentMs(template, observation);
  const truth = observation.templates.get(template.id);
  const isReallySilent = truth === undefined || !truth.isAlive || truth.isFrozen || truth.hasBadLink;
  if (isReallySilent || forMs + TIMER_MS >= template.config.heartbeatTimeoutMs) return null;
  return `is killed for silence, but was silent for ${forMs} ms while somebody listened`;
}

function spared(template: Template, observation: Observation): string | null {
  const { heartbeatTimeoutMs } = template.config;
  if (template.state !== "ready") return null;
  const overdueMs = silentMs(template, observation) - heartbeatTimeoutMs;
  return overdueMs > RECHECK_MS ? `is silent and has not been killed for ${overdueMs} ms` : null;
}
