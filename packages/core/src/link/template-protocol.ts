// What the supervisor and a template say to each other, in the frames of frames.ts, over a socket pair of their own that
// also carries descriptors. A forked worker has a link of its own from its first moment; nothing of a worker's life goes
// through here but its birth and, for the status that only a parent can read, its burial.

import type { HeldCounts } from "../machine/held.ts";
import type { Generation, Release, TemplateId, WorkerId } from "../machine/names.ts";
import type { BootOrder, WireError } from "./protocol.ts";

/** What a template needs to know to become itself. Sent first. */
export type TemplateBootOrder = Pick<
  BootOrder,
  "generation" | "release" | "stamps" | "name" | "host" | "hostData" | "heartbeatIntervalMs"
> & {
  readonly template: TemplateId;
  /** What an unsafe finding does: end the template, or only be told. */
  readonly unsafe: "refuse" | "warn";
  /** Whether what only a worker may do is kept for the workers. */
  readonly hold: boolean;
};

export type TemplateCommand =
  | { readonly type: "BootTemplate"; readonly order: TemplateBootOrder }
  /** Descriptors: the worker's end of its link, its stderr, its stdout where `hasStdout`, then its sockets. */
  | { readonly type: "Fork"; readonly order: BootOrder; readonly hasStdout: boolean }
  /** The supervisor knows how this worker ended: its zombie may go. */
  | { readonly type: "Reap"; readonly worker: WorkerId };

export type TemplateMessage = { readonly template: TemplateId; readonly generation: Generation } & (
  | { readonly type: "Hello"; readonly release: Release; readonly pid: number }
  /** `isWaiting`: its program has not finished loading, and goes on in each worker. */
  | { readonly type: "Ready"; readonly held?: HeldCounts; readonly isWaiting?: boolean }
  | { readonly type: "Heartbeat" }
  | { readonly type: "Failed"; readonly error: WireError }
  /** Descriptor: a pidfd of the worker. */
  | { readonly type: "Forked"; readonly worker: WorkerId; readonly pid: number }
  /** It was not forked: another generation was asked for, or the operating system refused. */
  | { readonly type: "ForkRefused"; readonly worker: WorkerId; readonly message: string }
);
