// Turns what a strategy reports about one template into events of the machine, as worker-port.ts does for workers.

import { explainSpawnFailure } from "../errors.ts";
import type { TemplateMessage } from "../link/template-protocol.ts";
import type { MachineEvent, TemplateEvent } from "../machine/events.ts";
import { NOTHING_HELD } from "../machine/held.ts";
import type { TemplateOrder, TemplateSink } from "../ports/template-strategy.ts";

export function createTemplateSink(order: TemplateOrder, queue: (event: MachineEvent) => void): TemplateSink {
  const { template, release } = order;
  return {
    spawned: (pid) => queue({ type: "TemplateSpawned", template, pid }),
    message(message) {
      const event = eventOf(order, message);
      if (event !== null) queue(event);
    },
    violated: (detail) => queue({ type: "TemplateViolated", template, detail }),
    failed: (error) =>
      queue({ type: "TemplateSpawnFailed", template, ...explainSpawnFailure(error, release.folder) }),
    exited: (end) => queue({ type: "TemplateExited", template, ...end }),
  };
}

/** Null for what concerns a worker: its own sink is told by the strategy. */
function eventOf(order: TemplateOrder, message: TemplateMessage): TemplateEvent | null {
  const { template: owner } = order;
  const { template, generation } = message;
  if (message.type === "Hello") {
    const { release, pid } = message;
    return { type: "TemplateReported", template: owner, reported: { template, generation, release, pid } };
  }
  if (template !== owner) {
    return {
      type: "TemplateViolated",
      template: owner,
      detail: `${message.type} signed as template=${template}`,
    };
  }
  if (generation !== order.generation) {
    return {
      type: "TemplateViolated",
      template: owner,
      detail: `${message.type} signed as gen=${generation}`,
    };
  }
  switch (message.type) {
    case "Ready":
      return {
        type: "TemplateReady",
        template,
        held: message.held ?? NOTHING_HELD,
        isWaiting: message.isWaiting === true,
      };
    case "Heartbeat":
      return { type: "TemplateHeartbeat", template };
    case "Failed":
      return { type: "TemplateFailed", template, code: message.error.code, message: message.error.message };
    default:
      return null;
  }
}
