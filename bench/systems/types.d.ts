// What the drivers in this folder have in common.

import type { App } from "../lib/app.mjs";

export interface StartOptions {
  /** Node that runs the supervisor and the workers; default the one that runs the bench. */
  readonly node?: string;
  /** A folder of its own for whatever the system writes. It exists. */
  readonly folder: string;
  /** More arguments for the system's own command. */
  readonly args?: readonly string[];
}

export interface Running {
  /** http://127.0.0.1:<port> */
  readonly target: string;
  /** The process that owns the workers. */
  readonly supervisorPid: number;
  /** Those that serve; the supervisor itself where workers are threads. */
  workerPids(): readonly number[];
  /** A phased restart with the system's own command; resolves when that says it is done. */
  restart(): Promise<void>;
  /** Ends every process of it. Resolves with how many had to be killed. */
  stop(): Promise<number>;
}

/** Resolves when all workers are ready. */
export type Start = (app: App, workers: number, options: StartOptions) => Promise<Running>;
