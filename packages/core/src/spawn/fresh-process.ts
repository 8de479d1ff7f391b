// The `fresh` strategy for processes: each worker is a new Node process that loads the release itself.
// Listening sockets go along as bare descriptors in stdio: a net.Server sent over IPC would accept in the receiver at
// once, before it is ready. The IPC channel is the link; its end tells a worker that the supervisor is gone.

import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { createFrameWriter } from "../link/frames.ts";
import type { BootOrder, SupervisorMessage, WorkerWatches } from "../link/protocol.ts";
import { spawnTied } from "../native/index.ts";
import { guardIpc } from "../node/ipc-guard.ts";
import type { SpawnStrategy, WorkerHandle, WorkerSink } from "../ports/spawn-strategy.ts";
import { bootOrder } from "./boot-order.ts";
import { closeForeign } from "./foreign-handle.ts";
import { createOutputFunnel, createTail, type OutputFunnel } from "./output.ts";
import { workerEnvironment } from "./worker-environment.ts";
import { workerReader } from "./worker-reader.ts";

export interface FreshProcessOptions {
  readonly name: string;
  readonly host: string | null;
  readonly hostData: unknown;
  readonly heartbeatIntervalMs: number;
  readonly watches?: WorkerWatches;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execArgv: readonly string[];
  /** The application's own; default none. */
  readonly args?: readonly string[];
  readonly compileCache: boolean;
  readonly stdout: "inherit" | Writable;
  readonly stderr: "inherit" | Writable;
}

const WORKER_MAIN = fileURLToPath(new URL("../worker/main.js", import.meta.url));

/** stdin, stdout, stderr, ipc; then the sockets. */
const FIRST_SOCKET_FD = 4;

/** After its exit a process's stderr may be held open by its own children; then its last lines are as they are. */
export const STDERR_GRACE_MS = 200;
/** A process that closed its link and goes on is beyond our control. */
export const LINK_GRACE_MS = 1_000;

export function createFreshProcessStrategy(options: FreshProcessOptions): SpawnStrategy {
  const stdout = options.stdout === "inherit" ? null : createOutputFunnel(options.stdout);
  const stderr = createOutputFunnel(options.stderr === "inherit" ? process.stderr : options.stderr);
  return {
    kind: "fresh",
    spawn(order, sink) {
      const start = (): ChildProcess =>
        spawn(process.execPath, [...options.execArgv, WORKER_MAIN, ...(options.args ?? [])], {
          env: workerEnvironment(options, order.release.folder),
          cwd: order.release.folder,
          stdio: [
            "ignore",
            stdout === null ? "inherit" : "pipe",
            "pipe",
            "ipc",
            ...order.sockets.map(({ fd }) => fd),
          ],
        });
      const child = spawnTied(start);
      const sockets = order.sockets.map((socket, index) => ({ ...socket, fd: FIRST_SOCKET_FD + index }));
      const boot = bootOrder(options, order, { runtime: "process", spawn: "fresh", sockets });
      return attach(child, boot, sink, stdout, stderr);
    },
  };
}

function attach(
  child: ChildProcess,
  order: BootOrder,
  sink: WorkerSink,
  stdout: OutputFunnel | null,
  stderr: OutputFunnel,
): WorkerHandle {
  const tail = createTail();
  const writer = createFrameWriter<SupervisorMessage>();
  reportEnd(child, sink, () => tail.text());
  // Without a descriptor left (EMFILE) there are none, in spite of their types.
  if (child.stdout) stdout?.add(child.stdout);
  if (child.stderr) {
    tail.add(child.stderr);
    stderr.add(child.stderr);
  }
  readLink(child, sink);
  const send = (message: SupervisorMessage, handle?: unknown): boolean => {
    if (!child.connected) return false;
    // While a handle is on its way Node encodes later: what cannot be encoded must throw here.
    if (message.type === "Post") JSON.stringify(message.payload);
    return writer.write(message, (frame) => {
      child.send(frame, handle as undefined, undefined, () => {});
      return true;
    });
  };
  child.once("spawn", () => {
    sink.spawned(child.pid ?? -1);
    send({ type: "Boot", order });
  });
  return {
    send,
    examine: () => void child.kill("SIGURG"),
    kill: () => void child.kill("SIGKILL"),
  };
}

function readLink(child: ChildProcess, sink: WorkerSink): void {
  const read = workerReader(sink, true);
  guardIpc(child, "json", (detail) => sink.violated(detail));
  child.on("message", (value, handle) => {
    closeForeign(handle);
    read(value);
  });
  child.once("disconnect", () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const patience = setTimeout(() => sink.violated("it closed its link and went on running"), LINK_GRACE_MS);
    child.once("exit", () => clearTimeout(patience));
  });
}

/** Tells the sink exactly once how it ended: never started, or exited with all of its stderr read. */
export function reportEnd(
  child: ChildProcess,
  sink: Pick<WorkerSink, "failed" | "exited">,
  stderrTail: () => string,
): void {
  let hasEnded = false;
  const finish = (report: () => void): void => {
    if (hasEnded) return;
    hasEnded = true;
    report();
  };
  child.on("error", (error) => {
    if (child.pid === undefined) finish(() => sink.failed(error));
  });
  child.once("exit", (exitCode, signal) => {
    const report = (): void => finish(() => sink.exited({ exitCode, signal, stderr: stderrTail() }));
    const patience = setTimeout(report, STDERR_GRACE_MS);
    child.once("close", () => {
      clearTimeout(patience);
      report();
    });
  });
}
