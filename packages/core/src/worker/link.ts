// The worker's end of its link, whatever carries it.

import type { SupervisorMessage, WorkerMessage } from "../link/protocol.ts";

/** What was wrong with something that is no frame at all. */
export const NO_FRAME = "it sent something that is no frame";

/** The supervisor, or what speaks in its name, broke the link's protocol: nothing that follows can be believed. This worker says
 *  so and ends; its supervisor replaces it. */
export function leaveBrokenLink(detail: string): never {
  process.stderr.write(
    `brood: BROOD_PROTOCOL: the supervisor broke the link's protocol: ${detail}. This process ends.\n`,
  );
  process.exit(1);
}

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
