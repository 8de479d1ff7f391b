// A supervisor with its public face: events, log and waiting callers, wired the same way for services and for task pools.
// What differs between them (strategies, sockets, who else listens) is handed in.

import { guardLogger } from "../callbacks.ts";
import type { Announcement } from "../machine/commands.ts";
import type { MachineConfig } from "../machine/config.ts";
import { createMachine } from "../machine/machine.ts";
import type { Logger } from "../ports/log.ts";
import type { ServiceEvents } from "../service-types.ts";
import { createPublicEvents, type PublicEvents } from "./events.ts";
import { createDebugLogger, logAnnouncement } from "./logging.ts";
import { Supervisor, type SupervisorPorts } from "./supervisor.ts";
import { Waiters } from "./waiters.ts";

/** What the outside sees and waits for. */
export interface PublicFace<Events extends ServiceEvents = ServiceEvents> {
  readonly logger: Logger;
  readonly events: PublicEvents<Events>;
  readonly waiters: Waiters;
}

/** @param logger the user's own; undefined: `debug` under brood:<name> */
export function createPublicFace<Events extends ServiceEvents = ServiceEvents>(
  name: string,
  logger: Logger | undefined,
): PublicFace<Events> {
  const own = createDebugLogger(name);
  let events: PublicEvents<Events> | null = null;
  const guarded = logger === undefined ? own : guardLogger(logger, () => events?.guard ?? null);
  events = createPublicEvents<Events>(guarded, own);
  return { logger: guarded, events, waiters: new Waiters() };
}

export interface AssemblyOptions {
  readonly machine: MachineConfig;
  readonly ports: Omit<SupervisorPorts, "publish" | "note" | "fail">;
  /** Hears each announcement before anybody else; true: it was for this listener alone. */
  takes(announcement: Announcement): boolean;
  /** Hears each failure of our own before the `error` event. */
  failed?(error: Error): void;
}

export function assembleSupervisor<Events extends ServiceEvents>(
  { logger, events, waiters }: PublicFace<Events>,
  { machine, ports, takes, failed }: AssemblyOptions,
): Supervisor {
  const own: Pick<SupervisorPorts, "publish" | "note" | "fail"> = {
    note: (level, message) => logger[level](message),
    fail(error) {
      failed?.(error);
      events.fail(error);
    },
    publish(announcement) {
      if (takes(announcement)) return;
      logAnnouncement(logger, announcement);
      events.publish(announcement);
    },
  };
  return new Supervisor(createMachine(machine), { ...ports, ...own }, waiters);
}
