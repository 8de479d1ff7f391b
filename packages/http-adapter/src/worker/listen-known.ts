// What a worker's capture of `listen` is told, and tells.

import type net from "node:net";
import type { Listener } from "../sharing/listener.ts";
import type { Known } from "../sharing/wanted.ts";

export interface CaptureEvents {
  /** `main`, which was open, is closed by the program. */
  closed(server: net.Server): void;
  /** The program listens again: it is to be served from now on. Called when its sockets are there. */
  reopened(main: Listener): void;
  /** It turns out that the wrong server is open: this worker is to be replaced by one that knows better. */
  misjudged(): void;
}

export interface CaptureKnown extends Known {
  /** The supervisor answers what a worker asks for. */
  readonly isShared: boolean;
  readonly handoff: "listener" | "reuseport" | "connection";
  /** Descriptors among Brood's addresses. */
  readonly descriptors: readonly number[];
  /** Where an exported application is served, when nothing else says so. */
  readonly defaultPort: number;
}
