// The link of one simulated worker: a wire in each direction. What a worker sends waits while the supervisor stands still,
// what the supervisor sends waits while the worker does.

import {
  createSupervisorFrameReader,
  createWorkerFrameReader,
  type SupervisorMessage,
  type WorkerMessage,
  type WorkerSink,
} from "@brood/core/engine";
import type { Random } from "./random.ts";
import type { Gate, VirtualTime } from "./virtual-time.ts";
import { createWire, type Wire } from "./wire.ts";

export interface Link {
  readonly toSupervisor: Wire<WorkerMessage>;
  readonly toWorker: Wire<SupervisorMessage>;
}

export interface LinkWorld {
  readonly time: VirtualTime;
  readonly random: Random;
  /** Of the worker. */
  readonly worker: Gate;
}

export interface LinkReceivers {
  fromWorker(message: WorkerMessage): void;
  fromSupervisor(message: SupervisorMessage): void;
}

export function createLink({ time, random, worker }: LinkWorld, sink: WorkerSink, to: LinkReceivers): Link {
  const common = { now: () => time.now(), latencyMs: () => random.durationMs(0.02, 1) };
  return {
    toSupervisor: createWire<WorkerMessage>({
      ...common,
      reader: createWorkerFrameReader(),
      carry: (atMs, arrive) => time.reach(atMs, arrive),
      receive: to.fromWorker,
      violated: (detail) => sink.violated(detail),
    }),
    toWorker: createWire<SupervisorMessage>({
      ...common,
      reader: createSupervisorFrameReader(),
      carry: (atMs, arrive) => time.happen(atMs - time.now(), worker, arrive),
      receive: to.fromSupervisor,
      violated: () => {},
    }),
  };
}
