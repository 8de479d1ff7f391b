// The one table of messages: for each type, in each direction, the decoder of each of its fields. A message or field that has no
// row does not compile, and what does not fit its row is never given on: the machine sees no unchecked field.
// Wires without types of their own come here: frames (frames.ts) carry these over IPC, ports and socket pairs alike.

import type { Answers } from "../machine/answers.ts";
import { LATENCY_BUCKETS } from "../machine/answers.ts";
import type { HeldCounts } from "../machine/held.ts";
import type { Release, Usage } from "../machine/names.ts";
import {
  amount,
  anything,
  count,
  type Decoder,
  descriptor,
  flag,
  generation,
  id,
  list,
  longText,
  number,
  oneMessage,
  oneOf,
  optional,
  orNull,
  pid,
  record,
  text,
} from "./decoders.ts";
import type {
  BootOrder,
  FileStamp,
  HealthCheckOrder,
  OrderedSocket,
  SupervisorMessage,
  WireError,
  WorkerMessage,
  WorkerWatches,
} from "./protocol.ts";
import type { TemplateBootOrder, TemplateCommand, TemplateMessage } from "./template-protocol.ts";

/** A strategy says these on behalf of its worker, and no worker sends them. */
type SaidByStrategy = "Busy" | "Suspended";
type SentByWorker = Exclude<WorkerMessage, { readonly type: SaidByStrategy }>;

const CLASSES = 5;
/** More than a process may open. */
const SOCKETS_MAX = 65_536;
const STAMPS_MAX = 1_024;

const release = record<Release>({
  entry: text,
  version: orNull(text),
  folder: text,
  fingerprint: text,
  isTruncated: optional(flag),
});

const usage = record<Usage>({
  requests: count,
  connections: count,
  tasks: count,
  rssBytes: amount,
  eventLoopUtilization: number(0, 1),
  eventLoopDelayMs: amount,
});

const answers = record<Answers>({ byClass: list(count, CLASSES), latency: list(count, LATENCY_BUCKETS) });

const error = record<WireError>({ code: text, message: text, stack: text });

const stamp = record<FileStamp>({ path: text, size: orNull(amount), mtimeMs: orNull(number(-1e15, 1e15)) });

const socket = record<OrderedSocket>({ role: text, fd: descriptor, address: orNull(text) });

const healthCheck = record<HealthCheckOrder>({ forMs: amount, intervalMs: amount, timeoutMs: amount });

const watches = record<WorkerWatches>({ answers: flag, eventLoopDelay: flag, healthCheck });

const ORDER = {
  generation,
  release,
  stamps: list(stamp, STAMPS_MAX),
  name: longText,
  host: orNull(longText),
  hostData: anything,
  heartbeatIntervalMs: amount,
} as const;

const bootOrder = record<BootOrder>({
  ...ORDER,
  worker: id("w"),
  slot: count,
  runtime: oneOf("process", "thread"),
  spawn: oneOf("fresh", "template"),
  sockets: list(socket, SOCKETS_MAX),
  watches: optional(watches),
});

const templateOrder = record<TemplateBootOrder>({
  ...ORDER,
  template: id("t"),
  unsafe: oneOf("refuse", "warn"),
  hold: flag,
});

const held = record<HeldCounts>({
  connections: count,
  servers: count,
  datagrams: count,
  threads: count,
  processes: count,
  hooks: count,
  timers: count,
});

const NOTHING = {} as const;

export const fromWorker: Decoder<SentByWorker> = oneMessage<SentByWorker, "worker" | "generation">(
  { worker: id("w"), generation },
  {
    Hello: { release, pid },
    Booted: NOTHING,
    Ready: NOTHING,
    Heartbeat: { usage, answers: optional(answers) },
    Failed: { error },
    Signalled: NOTHING,
    Draining: NOTHING,
    Lingering: NOTHING,
    Bye: NOTHING,
    Post: { payload: anything },
  },
);

export const toWorker: Decoder<SupervisorMessage> = oneMessage<SupervisorMessage>(
  {},
  {
    Boot: { order: bootOrder },
    Admit: NOTHING,
    Drain: { timeoutMs: amount },
    Report: NOTHING,
    Post: { payload: anything },
  },
);

export const fromTemplate: Decoder<TemplateMessage> = oneMessage<TemplateMessage, "template" | "generation">(
  { template: id("t"), generation },
  {
    Hello: { release, pid },
    Ready: { held: optional(held), isWaiting: optional(flag) },
    Heartbeat: NOTHING,
    Failed: { error },
    Forked: { worker: id("w"), pid },
    ForkRefused: { worker: id("w"), message: text },
  },
);

export const toTemplate: Decoder<TemplateCommand> = oneMessage<TemplateCommand>(
  {},
  {
    BootTemplate: { order: templateOrder },
    Fork: { order: bootOrder, hasStdout: flag },
    Reap: { worker: id("w") },
  },
);
