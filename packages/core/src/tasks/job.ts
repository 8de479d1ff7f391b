// One task as the pure parts see it: where it is and what decides its turn. Who waits for it and what it carries is the
// pool's affair.

import type { WorkerLoad } from "./worker-load.ts";

/** `queued` waits here, `sent` is with a worker (begun or not), `settled` has its outcome; nothing leads back from there. */
export type JobState = "queued" | "sent" | "settled";

export interface Job {
  /** The function it is for. */
  readonly name: string;
  /** Higher goes first; equal ones in order. */
  readonly priority: number;
  /** Goes to a worker that can begin it at once, in a message of its own. */
  readonly isAlone: boolean;
  /** For the worker that it was given to, and no other. */
  readonly isPinned: boolean;
  state: JobState;
  /** The worker it was sent to. */
  load: WorkerLoad | null;
  /** Its number there. */
  seq: number;
  /** Its place in the worker's shared memory. */
  cell: number;
  /** What it counts for, in whole microseconds, in that worker's backlog. */
  estimateUs: number;
}
