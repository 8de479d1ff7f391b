// The life of one template as a table, as a worker's (lifecycle.ts). It never serves, so it never drains: it is ended at
// once when it is not wanted any more. `null` is illegal.

import type { TemplateState } from "./names.ts";

/** From the template: Admitted, Ready, Heartbeat, Failed. From us: KillRequested. From both: Exited. */
export type TemplateInput =
  | "Spawned"
  | "Admitted"
  | "Ready"
  | "Heartbeat"
  | "Failed"
  | "KillRequested"
  | "Exited";

export const NEXT_OF_TEMPLATE: Readonly<
  Record<TemplateState, Readonly<Record<TemplateInput, TemplateState | null>>>
> = {
  spawning: {
    Spawned: "spawning",
    Admitted: "booting",
    Ready: null,
    Heartbeat: null,
    Failed: "spawning",
    KillRequested: "killing",
    Exited: "exited",
  },
  booting: {
    Spawned: "booting",
    Admitted: null,
    Ready: "ready",
    Heartbeat: "booting",
    Failed: "booting",
    KillRequested: "killing",
    Exited: "exited",
  },
  ready: {
    Spawned: null,
    Admitted: null,
    Ready: null,
    Heartbeat: "ready",
    Failed: "ready",
    KillRequested: "killing",
    Exited: "exited",
  },
  killing: {
    Spawned: "killing",
    Admitted: "killing",
    Ready: "killing",
    Heartbeat: "killing",
    Failed: "killing",
    KillRequested: "killing",
    Exited: "exited",
  },
  exited: {
    Spawned: null,
    Admitted: null,
    Ready: null,
    Heartbeat: null,
    Failed: null,
    KillRequested: null,
    Exited: null,
  },
};
