// When the one timer comes late, the supervisor itself stood still. Then nobody is punished for a deadline that passed
// meanwhile: not a boot, not a drain, not a silence.

import type { TemplateId, WorkerId } from "@brood/core/engine";
import { commandsOf } from "../observation.ts";
import type { Invariant } from "./invariant.ts";

/** Later than that is a stall; the machine's own threshold is lower. */
const LATE_MS = 600;

const DEADLINES = ["BROOD_BOOT_TIMEOUT", "BROOD_DRAIN_TIMEOUT", "BROOD_HEARTBEAT_TIMEOUT"];

export function lateIsForgiven(): Invariant {
  const killed = new Set<WorkerId | TemplateId>();
  return {
    name: "late-is-forgiven",
    check(observation) {
      const { atMs, event, world } = observation;
      const isLate = event.type === "DeadlinesReached" && atMs - event.dueAtMs > LATE_MS;
      for (const { worker } of commandsOf(observation, "KillWorker")) {
        const isNew = !killed.has(worker);
        killed.add(worker);
        const { fault, config } = world.registry.workers.get(worker) ?? {};
        const code = fault?.code ?? "";
        if (!isLate || !isNew || !DEADLINES.includes(code)) continue;
        if (code === "BROOD_DRAIN_TIMEOUT" && config?.drainTimeoutMs === 0) continue;
        return `worker=${worker} is killed for ${code} after a stall`;
      }
      for (const { template } of commandsOf(observation, "KillTemplate")) {
        const isNew = !killed.has(template);
        killed.add(template);
        const code = world.templates.alive.get(template)?.fault?.code ?? "";
        if (isLate && isNew && DEADLINES.includes(code))
          return `template=${template} is killed for ${code} after a stall`;
      }
      if (event.type === "WorkerExited") killed.delete(event.worker);
      return null;
    },
  };
}
