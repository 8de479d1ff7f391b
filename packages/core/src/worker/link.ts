// The worker's end of its link, whatever carries it.

import type { SupervisorMessage, WorkerMessage } from "../link/protocol.ts";

export interface WorkerLink {
  /** Its descriptor, where it has one that can be watched. */
  readonly descriptor?: number;
  send(message: WorkerMessage): void;
  /** Resolves when everything sent so far has left this process, or cannot any more. */
  flush(): Promise<void>;
  onMessage(listener: (message: SupervisorMessage, handle: unknown) => void): void;
  /** From now on the link alone does not keep the worker alive. */
  unref(): void;
  /** The supervisor is gone, or the link is broken. */
  onClose(listener: () => void): void;
}
