// What the control socket can do to a server, and the events it streams. The server implements it; the tests fake it.

import type { RestartOptions, RollResult, ServiceEvents, ServiceStats } from "@brood/core";

/** In the stream of `GET /events`, under these names. Messages of the application stay inside. */
export const LIFECYCLE_EVENTS: readonly Exclude<keyof ServiceEvents, "worker:message">[] = [
  "worker:spawned",
  "worker:ready",
  "worker:draining",
  "worker:exited",
  "roll:started",
  "roll:progress",
  "roll:ended",
  "error",
];

export interface ControlTarget {
  stats(): ServiceStats;
  freshStats(): Promise<ServiceStats>;
  restart(options?: RestartOptions): Promise<RollResult>;
  scale(workers: number): Promise<void>;
  /** Settles when the workers have exited and the addresses are free; the control socket still answers then. */
  stop(options: { readonly now: boolean }): Promise<void>;
  on<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): unknown;
  off<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): unknown;
}
