// What a strategy has told about one worker, in order: the sink of a contract's claims.

import type { WorkerEnd, WorkerHandle, WorkerMessage, WorkerSink } from "@brood/core/engine";

export type Told =
  | { readonly kind: "spawned"; readonly pid: number }
  | { readonly kind: "message"; readonly message: WorkerMessage }
  | { readonly kind: "violated"; readonly detail: string }
  | { readonly kind: "failed"; readonly error: Error }
  | { readonly kind: "exited"; readonly end: WorkerEnd };

export class WorkerRecord {
  readonly told: Told[] = [];
  readonly sink: WorkerSink = {
    spawned: (pid) => void this.told.push({ kind: "spawned", pid }),
    message: (message) => void this.told.push({ kind: "message", message }),
    violated: (detail) => void this.told.push({ kind: "violated", detail }),
    failed: (error) => void this.told.push({ kind: "failed", error }),
    exited: (end) => void this.told.push({ kind: "exited", end }),
  };
  /** After `spawn` has returned. */
  handle: WorkerHandle | null = null;

  get messages(): readonly WorkerMessage[] {
    return this.told.flatMap((each) => (each.kind === "message" ? [each.message] : []));
  }

  /** Of the worker's own `post()`. */
  get posts(): readonly unknown[] {
    return this.messages.flatMap((each) => (each.type === "Post" ? [each.payload] : []));
  }

  get hasEnded(): boolean {
    return this.told.some(({ kind }) => kind === "exited" || kind === "failed");
  }

  get end(): WorkerEnd | undefined {
    return this.told.flatMap((each) => (each.kind === "exited" ? [each.end] : []))[0];
  }

  get pid(): number | undefined {
    return this.told.flatMap((each) => (each.kind === "spawned" ? [each.pid] : []))[0];
  }

  has(type: WorkerMessage["type"]): boolean {
    return this.messages.some((each) => each.type === type);
  }

  /** For messages of failed claims: kinds and types, repeated ones counted. */
  text(): string {
    const steps = this.told.map((each) => (each.kind === "message" ? each.message.type : each.kind));
    return steps.length === 0 ? "nothing" : steps.slice(-40).join(" ");
  }
}
