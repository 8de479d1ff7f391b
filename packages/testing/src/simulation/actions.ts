// What happens to a service from outside, as plain data: what its owner asks for, what a release brings along, what an
// operator, the link and the host do to it. A schedule is a list of these; shrinking drops some of them.

import type { MachineConfig } from "@brood/core/engine";
import type { Behaviour } from "./behaviour.ts";
import type { MismatchKind, SpawnErrorKind } from "./fleet.ts";
import type { TemplateAction } from "./template-actions.ts";
import type { WireFault } from "./wire.ts";

export type Action =
  | TemplateAction
  /** Lays down a new release and restarts; by the moved symlink, or by its real path. */
  | { readonly type: "deploy"; readonly behaviour: Behaviour; readonly byPath: boolean }
  | { readonly type: "restart" }
  /** Other settings than so far, and a restart that reads them. */
  | { readonly type: "reconfigure"; readonly settings: MachineConfig }
  /** To an earlier release, counted back from the newest. */
  | { readonly type: "rollback"; readonly back: number }
  /** To the release that an earlier generation had pinned, counted back from the newest that completed. */
  | { readonly type: "goBack"; readonly back: number }
  | { readonly type: "edit"; readonly behaviour: Behaviour }
  | { readonly type: "scale"; readonly desired: number }
  | { readonly type: "announceStop" }
  | { readonly type: "stop"; readonly now: boolean }
  /** `victim` counts through those who live. */
  | { readonly type: "kill" | "crash" | "terminate" | "slowKill"; readonly victim: number }
  | { readonly type: "freeze"; readonly victim: number; readonly forMs: number }
  | { readonly type: "mismatch"; readonly kind: MismatchKind }
  | {
      readonly type: "wire";
      readonly victim: number;
      readonly kind: WireFault;
      readonly to: "worker" | "supervisor";
    }
  | { readonly type: "delay"; readonly victim: number; readonly delayMs: number; readonly forMs: number }
  /** Dies while what it has sent is still on its way for so long; its end is noticed first. */
  | { readonly type: "overtakingExit"; readonly victim: number; readonly delayMs: number }
  /** Dies, and what it had sent is lost. */
  | { readonly type: "lostTail"; readonly victim: number }
  | { readonly type: "spawnErrors"; readonly kind: SpawnErrorKind; readonly forMs: number }
  | { readonly type: "resolveErrors"; readonly forMs: number }
  | { readonly type: "slowResolve"; readonly delayMs: number; readonly forMs: number }
  /** The supervisor stands still; `hostPause`: everybody does. */
  | { readonly type: "stall" | "hostPause"; readonly forMs: number };

export interface ScheduledAction {
  readonly atMs: number;
  readonly action: Action;
}

/** `deploy good byPath=true` */
export function formatAction({ type, ...rest }: Action): string {
  const fields = Object.entries(rest).map(([key, value]) => formatField(key, value));
  return [type, ...fields].join(" ");
}

function formatField(key: string, value: string | number | boolean | Behaviour | MachineConfig): string {
  if (typeof value !== "object") return `${key}=${value}`;
  return "kind" in value ? formatBehaviour(value) : JSON.stringify(value);
}

function formatBehaviour({
  kind,
  share,
  helloMs,
  bootMs,
  drainMs,
  lingerMs,
  faultAfterMs,
}: Behaviour): string {
  const shown = share === 1 || kind === "good" ? kind : `${kind}(${share.toFixed(2)})`;
  const linger = lingerMs > 0 ? ` lingerMs=${Math.round(lingerMs)}` : "";
  const after = kind.endsWith("WhenReady") ? ` faultAfterMs=${faultAfterMs}` : "";
  return `${shown} helloMs=${helloMs} bootMs=${Math.round(bootMs)} drainMs=${drainMs}${linger}${after}`;
}
