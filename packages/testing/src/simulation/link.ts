// The link of one simulated worker or template: a wire in each direction. What a worker sends waits while the supervisor stands still,
// what the supervisor sends waits while the worker does.

import {
  createSupervisorFrameReader,
  createTemplateCommandReader,
  createTemplateFrameReader,
  createWorkerFrameReader,
  type SupervisorMessage,
  type TemplateCommand,
  type TemplateMessage,
  type TemplateSink,
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
  /** Of the worker or template. */
  readonly gate: Gate;
}

export interface LinkReceivers {
  fromWorker(message: WorkerMessage): void;
  fromSupervisor(message: SupervisorMessage): void;
}

export function createLink({ time, random, gate }: LinkWorld, sink: WorkerSink, to: LinkReceivers): Link {
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
      carry: (atMs, arrive) => time.happen(atMs - time.now(), gate, arrive),
      receive: to.fromSupervisor,
      violated: () => {},
    }),
  };
}

export interface TemplateLink {
  readonly toSupervisor: Wire<TemplateMessage>;
  readonly toTemplate: Wire<TemplateCommand>;
}

export interface TemplateLinkReceivers {
  fromTemplate(message: TemplateMessage): void;
  fromSupervisor(command: TemplateCommand): void;
  /** The template finds its own link broken. */
  broken(detail: string): void;
}

export function createTemplateLink(
  { time, random, gate }: LinkWorld,
  sink: TemplateSink,
  to: TemplateLinkReceivers,
): TemplateLink {
  const common = { now: () => time.now(), latencyMs: () => random.durationMs(0.02, 1) };
  return {
    toSupervisor: createWire<TemplateMessage>({
      ...common,
      reader: createTemplateFrameReader(),
      carry: (atMs, arrive) => time.reach(atMs, arrive),
      receive: to.fromTemplate,
      violated: (detail) => sink.violated(detail),
    }),
    toTemplate: createWire<TemplateCommand>({
      ...common,
      reader: createTemplateCommandReader(),
      carry: (atMs, arrive) => time.happen(atMs - time.now(), gate, arrive),
      receive: to.fromSupervisor,
      violated: to.broken,
    }),
  };
}
