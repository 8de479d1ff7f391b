// The life of one worker as a table: state x input. A worker is never current before it has `Reported` who it is (and that
// is what was asked for), was `Admitted` and became `Ready`; each cell exists only on that path. Between the first two it is
// `held`: it boots, but may not open; and `waiting` when it says that it has booted, which it does unless it was admitted
// before. `null` is illegal: sent by the worker it breaks the protocol, caused by our own code it is a defect. While
// `killing`, whatever a dying worker still says is ignored. `Spawned` may come late: of a forked worker its template tells,
// over another link. `lingering`: it drains, has answered everything, and only waits for idle connections that their clients
// may keep for a while.
// Rejected: a class with flags (`booted`, `admitted`, `draining`), whose 2^n combinations nobody can test.

import type { WorkerState } from "./names.ts";

/** From us: Admitted, DrainRequested, KillRequested. From the worker: all others. */
export type WorkerInput =
  | "Spawned"
  | "Reported"
  | "Admitted"
  | "Booted"
  | "Ready"
  | "Heartbeat"
  | "Failed"
  | "Posted"
  | "DrainStarted"
  | "LingerStarted"
  | "Parted"
  | "DrainRequested"
  | "KillRequested"
  | "Exited";

export const NEXT: Readonly<Record<WorkerState, Readonly<Record<WorkerInput, WorkerState | null>>>> = {
  spawning: {
    Spawned: "spawning",
    Reported: "held",
    Admitted: null,
    Booted: null,
    Ready: null,
    Heartbeat: null,
    Failed: "spawning",
    Posted: null,
    DrainStarted: null,
    LingerStarted: null,
    Parted: "spawning",
    DrainRequested: "killing",
    KillRequested: "killing",
    Exited: "exited",
  },
  held: {
    Spawned: "held",
    Reported: null,
    Admitted: "booting",
    Booted: "waiting",
    Ready: null,
    Heartbeat: null,
    Failed: "held",
    Posted: "held",
    DrainStarted: null,
    LingerStarted: null,
    Parted: "held",
    DrainRequested: "killing",
    KillRequested: "killing",
    Exited: "exited",
  },
  waiting: {
    Spawned: "waiting",
    Reported: null,
    Admitted: "booting",
    Booted: null,
    Ready: null,
    Heartbeat: null,
    Failed: "waiting",
    Posted: "waiting",
    DrainStarted: null,
    LingerStarted: null,
    Parted: "waiting",
    DrainRequested: "killing",
    KillRequested: "killing",
    Exited: "exited",
  },
  booting: {
    Spawned: "booting",
    Reported: null,
    Admitted: null,
    Booted: "booting",
    Ready: "ready",
    Heartbeat: "booting",
    Failed: "booting",
    Posted: "booting",
    DrainStarted: "booting",
    LingerStarted: null,
    Parted: "booting",
    DrainRequested: "killing",
    KillRequested: "killing",
    Exited: "exited",
  },
  ready: {
    Spawned: "ready",
    Reported: null,
    Admitted: null,
    Booted: null,
    Ready: null,
    Heartbeat: "ready",
    Failed: "ready",
    Posted: "ready",
    DrainStarted: "draining",
    LingerStarted: null,
    Parted: "ready",
    DrainRequested: "draining",
    KillRequested: "killing",
    Exited: "exited",
  },
  draining: {
    Spawned: "draining",
    Reported: null,
    Admitted: null,
    Booted: null,
    Ready: null,
    Heartbeat: "draining",
    Failed: "draining",
    Posted: "draining",
    DrainStarted: "draining",
    LingerStarted: "lingering",
    Parted: "draining",
    DrainRequested: "draining",
    KillRequested: "killing",
    Exited: "exited",
  },
  lingering: {
    Spawned: "lingering",
    Reported: null,
    Admitted: null,
    Booted: null,
    Ready: null,
    Heartbeat: "lingering",
    Failed: "lingering",
    Posted: "lingering",
    DrainStarted: null,
    LingerStarted: null,
    Parted: "lingering",
    DrainRequested: "lingering",
    KillRequested: "killing",
    Exited: "exited",
  },
  killing: {
    Spawned: "killing",
    Reported: "killing",
    Admitted: "killing",
    Booted: "killing",
    Ready: "killing",
    Heartbeat: "killing",
    Failed: "killing",
    Posted: "killing",
    DrainStarted: "killing",
    LingerStarted: "killing",
    Parted: "killing",
    DrainRequested: "killing",
    KillRequested: "killing",
    Exited: "exited",
  },
  exited: {
    Spawned: null,
    Reported: null,
    Admitted: null,
    Booted: null,
    Ready: null,
    Heartbeat: null,
    Failed: null,
    Posted: null,
    DrainStarted: null,
    LingerStarted: null,
    Parted: null,
    DrainRequested: null,
    KillRequested: null,
    Exited: null,
  },
};

/** It takes nothing new and is expected to end by its drain deadline. */
export function isDraining(state: WorkerState): boolean {
  return state === "draining" || state === "lingering";
}
