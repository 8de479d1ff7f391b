// One of each message of the table (link/messages.ts), with every field that it may have.
import type {
  BootOrder,
  SupervisorMessage,
  TemplateCommand,
  TemplateMessage,
  WorkerMessage,
} from "../../src/engine.ts";
import { NOTHING_HELD } from "../../src/machine/held.ts";

export interface Sample {
  readonly direction: "fromWorker" | "toWorker" | "fromTemplate" | "toTemplate";
  readonly type: string;
  readonly message: { readonly type: string };
}

const release = {
  entry: "/srv/app/server.js",
  version: "1.4.0",
  folder: "/srv/app",
  fingerprint: "f00d",
  isTruncated: true,
};
const usage = {
  requests: 10,
  connections: 2,
  tasks: 0,
  rssBytes: 2 ** 26,
  eventLoopUtilization: 0.25,
  eventLoopDelayMs: 0.1,
};
const error = { code: "BROOD_BOOT_FAILED", message: "no", stack: "at" };
const stamps = [{ path: "/srv/app/server.js", size: 3, mtimeMs: 1_790_000_000_000.5 }];
const common = { generation: 2, release, stamps, name: "app", host: "file:///h.js", hostData: { a: 1 } };
const order: BootOrder = {
  ...common,
  worker: "w7",
  slot: 0,
  runtime: "process",
  spawn: "fresh",
  sockets: [{ role: "listener", fd: 4, address: "tcp://127.0.0.1:3000" }],
  heartbeatIntervalMs: 500,
  watches: {
    answers: true,
    eventLoopDelay: false,
    healthCheck: { forMs: 1_000, intervalMs: 100, timeoutMs: 500 },
  },
};
const { host, hostData, name } = common;
const template = { release, stamps, name, host, hostData, generation: 2, template: "t1" } as const;
const w = { worker: "w7", generation: 2 } as const;
const t = { template: "t1", generation: 2 } as const;

const FROM_WORKER: readonly WorkerMessage[] = [
  { ...w, type: "Hello", release, pid: 7 },
  { ...w, type: "Booted" },
  { ...w, type: "Ready" },
  { ...w, type: "Heartbeat", usage, answers: { byClass: [0, 1, 0, 0, 2], latency: [0, 3] } },
  { ...w, type: "Failed", error },
  { ...w, type: "Signalled" },
  { ...w, type: "Draining" },
  { ...w, type: "Lingering" },
  { ...w, type: "Bye" },
  { ...w, type: "Post", payload: { any: [null] } },
];
const TO_WORKER: readonly SupervisorMessage[] = [
  { type: "Boot", order },
  { type: "Admit" },
  { type: "Drain", timeoutMs: 1_000 },
  { type: "Report" },
  { type: "Post", payload: "x" },
];
const FROM_TEMPLATE: readonly TemplateMessage[] = [
  { ...t, type: "Hello", release, pid: 7 },
  { ...t, type: "Ready" },
  { ...t, type: "Ready", held: { ...NOTHING_HELD, connections: 3 }, isWaiting: true },
  { ...t, type: "Heartbeat" },
  { ...t, type: "Failed", error },
  { ...t, type: "Forked", worker: "w7", pid: 8 },
  { ...t, type: "ForkRefused", worker: "w7", message: "no" },
];
const TO_TEMPLATE: readonly TemplateCommand[] = [
  { type: "BootTemplate", order: { ...template, heartbeatIntervalMs: 500, unsafe: "warn", hold: true } },
  { type: "Fork", order, hasStdout: false },
  { type: "Reap", worker: "w7" },
];

const rows = (direction: Sample["direction"], messages: readonly { readonly type: string }[]): Sample[] =>
  messages.map((message) => ({ direction, type: message.type, message }));

export const SAMPLES: readonly Sample[] = [
  ...rows("fromWorker", FROM_WORKER),
  ...rows("toWorker", TO_WORKER),
  ...rows("fromTemplate", FROM_TEMPLATE),
  ...rows("toTemplate", TO_TEMPLATE),
];
