// The callbacks of a service's options, under the guard, as the ports that the supervisor calls.

import { type CallbackGuard, callbackFailed, yesOrNo } from "./callbacks.ts";
import type { WorkerId } from "./machine/names.ts";
import { isList } from "./options.ts";
import type { PassedSocket } from "./ports/spawn-strategy.ts";
import type { ServiceOptions, WorkerSeat } from "./service-types.ts";
import type { SupervisorPorts } from "./supervisor/supervisor.ts";

type Callbacks = Pick<SupervisorPorts, "socketsOf" | "slotClosed">;

export function callbacksOf(
  { slotClosed }: ServiceOptions,
  sockets: (seat: WorkerSeat) => readonly PassedSocket[],
  guard: CallbackGuard,
): Callbacks {
  return {
    slotClosed(slot) {
      if (slotClosed !== undefined)
        guard.tell("slotClosed", () => slotClosed(slot), "The slot is closed all the same.");
    },
    socketsOf(seat) {
      const given = guard.ask("sockets", () => sockets(seat), {
        read: (answer) => (isSocketList(answer) ? answer : undefined),
        accepted: "an array of { role, fd, address }",
        fallback: null,
        instead: "That worker could not be spawned.",
      });
      if (given === null) throw callbackFailed("sockets", "gave no sockets for this worker.", undefined);
      return given;
    },
  };
}

/** Whether a message was for the user's own `takeMessage` alone. */
export function isTaken(
  { takeMessage }: ServiceOptions,
  guard: CallbackGuard,
  worker: WorkerId,
  payload: unknown,
): boolean {
  if (takeMessage === undefined) return false;
  return guard.ask("takeMessage", () => takeMessage(worker, payload), {
    read: yesOrNo,
    accepted: "true or false",
    fallback: false,
    instead: "The message went to worker:message.",
  });
}

export function isSocketList(value: unknown): value is readonly PassedSocket[] {
  return isList(value) && value.every(isSocket);
}

function isSocket(each: unknown): boolean {
  if (typeof each !== "object" || each === null || !("fd" in each)) return false;
  return Number.isInteger(each.fd) && (each.fd as number) >= 0;
}
