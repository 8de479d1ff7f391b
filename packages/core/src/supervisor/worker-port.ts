// Turns what a strategy reports about one worker into events of the machine. A message counts under the identity that
// the worker itself signed; one that is signed for somebody else is a breach by the link it came over.

import { explainSpawnFailure } from "../errors.ts";
import { attempt } from "../link/plain-copy.ts";
import type { WireError, WorkerMessage } from "../link/protocol.ts";
import type { MachineEvent, WorkerEvent } from "../machine/events.ts";
import type { SpawnOrder, WorkerSink } from "../ports/spawn-strategy.ts";

export function createWorkerSink(
  order: Pick<SpawnOrder, "worker" | "generation" | "release">,
  queue: (event: MachineEvent) => void,
): WorkerSink {
  const { worker, generation, release } = order;
  const owner = { worker, generation };
  return {
    spawned: (pid) => queue({ type: "WorkerSpawned", ...owner, pid }),
    message: (message) => queue(attempt(() => eventOf(owner, message), null) ?? unknownMessage(owner)),
    violated: (detail) => queue({ type: "WorkerViolated", ...owner, detail }),
    failed: (error) =>
      queue({ type: "WorkerSpawnFailed", ...owner, ...explainSpawnFailure(error, release.folder) }),
    exited: (end) => queue({ type: "WorkerExited", ...owner, ...end }),
  };
}

/** From a strategy that decodes nothing. */
function unknownMessage(owner: Pick<WorkerEvent, "worker" | "generation">): WorkerEvent {
  return { type: "WorkerViolated", ...owner, detail: "a message that is none of the protocol" };
}

/** Undefined for a message of no known type. */
function eventOf(
  owner: Pick<WorkerEvent, "worker" | "generation">,
  message: WorkerMessage,
): WorkerEvent | undefined {
  const { worker, generation } = message;
  if (message.type === "Hello") {
    const { release, pid } = message;
    return { type: "WorkerReported", ...owner, reported: { worker, generation, release, pid } };
  }
  if (worker !== owner.worker) {
    return { type: "WorkerViolated", ...owner, detail: `${message.type} signed as worker=${worker}` };
  }
  if (generation !== owner.generation) {
    return { type: "WorkerViolated", ...owner, detail: `${message.type} signed as gen=${generation}` };
  }
  const signed = { worker, generation };
  switch (message.type) {
    case "Booted":
      return { type: "WorkerBooted", ...signed };
    case "Ready":
      return { type: "WorkerReady", ...signed };
    case "Heartbeat":
      return heartbeat(signed, message);
    case "Busy":
      return { type: "WorkerBusy", ...signed };
    case "Suspended":
      return { type: "WorkerSuspended", ...signed };
    case "Failed":
      return { type: "WorkerFailed", ...signed, ...failure(message.error) };
    case "Signalled":
      return { type: "WorkerSignalled", ...signed };
    case "Draining":
      return { type: "WorkerDraining", ...signed };
    case "Lingering":
      return { type: "WorkerLingering", ...signed };
    case "Bye":
      return { type: "WorkerBye", ...signed };
    case "Post":
      return { type: "WorkerPosted", ...signed, payload: message.payload };
    default:
      return undefined;
  }
}

function heartbeat(
  signed: Pick<WorkerEvent, "worker" | "generation">,
  { usage, answers }: Extract<WorkerMessage, { readonly type: "Heartbeat" }>,
): WorkerEvent | undefined {
  if (typeof usage !== "object" || usage === null) return undefined;
  const event = { type: "WorkerHeartbeat", ...signed, usage } as const;
  return answers === undefined ? event : { ...event, answers };
}

function failure({ code, message }: WireError): { readonly code: string; readonly message: string } {
  return { code, message };
}
