// The `fresh` strategy for threads: each worker is a worker thread that loads the release itself, with module cache, heap
// and event loop of its own. What the process has once it has for all of them: descriptors, working directory, signals,
// libuv's pool, and its life (docs/threads.md). The link is a port beside Node's own, read to its end before the end of
// the thread is told. An uncaught error and the end of memory arrive here as events: Node prints nothing for a thread.

import { format } from "node:util";
import {
  MessageChannel,
  type MessagePort,
  type ResourceLimits,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";
import { detached, ignored } from "../link/detached.ts";
import { createFrameWriter } from "../link/frames.ts";
import { decodeText } from "../link/json-frame.ts";
import {
  type BootOrder,
  type SupervisorMessage,
  THREAD_LINK_KEY,
  type WorkerMessage,
} from "../link/protocol.ts";
import type { SpawnOrder, SpawnStrategy, WorkerHandle, WorkerSink } from "../ports/spawn-strategy.ts";
import { bootOrder } from "./boot-order.ts";
import type { FreshProcessOptions } from "./fresh-process.ts";
import { threadFlags } from "./node-flags.ts";
import { createOutputFunnel, createTail, type OutputFunnel, type Tail } from "./output.ts";
import { enterFolder } from "./thread-folder.ts";
import { workerEnvironment } from "./worker-environment.ts";
import { workerReader } from "./worker-reader.ts";

export interface FreshThreadOptions extends Omit<FreshProcessOptions, "execArgv"> {
  /** Null: Node gives a thread what the process has. */
  readonly execArgv: readonly string[] | null;
  /** Flags in addition to those, flag and value apart; default none. */
  readonly preloads?: readonly string[];
  readonly resourceLimits: ResourceLimits;
  /** The process is the service's own: its working directory may follow the releases. Default false. */
  readonly isOwnProcess?: boolean;
  readonly warn?: (message: string) => void;
}

const WORKER_MAIN = new URL("../worker/thread-main.js", import.meta.url);

const REFUSED_FLAGS = "ERR_WORKER_INVALID_EXEC_ARGV";

/** Everything a thread printed is there when it exits; only a paused stream keeps us longer. */
const STDERR_GRACE_MS = 200;

export function createFreshThreadStrategy(options: FreshThreadOptions): SpawnStrategy {
  const stdout = createOutputFunnel(options.stdout === "inherit" ? process.stdout : options.stdout);
  const stderr = createOutputFunnel(options.stderr === "inherit" ? process.stderr : options.stderr);
  const said = new Set<string>();
  const warn = (message: string): void => {
    if (!said.has(message)) options.warn?.(message);
    said.add(message);
  };
  return {
    kind: "fresh",
    spawn(order, sink) {
      enterFolder(order.release, { isOwnProcess: options.isOwnProcess === true, warn });
      const { port1: ours, port2: theirs } = new MessageChannel();
      try {
        const thread = startThread(options, order, theirs);
        stdout.add(thread.stdout);
        stderr.add(thread.stderr);
        const lastWord = outOfMemory(order, options.resourceLimits.maxOldGenerationSizeMb);
        const { sockets } = order;
        const boot = bootOrder(options, order, { runtime: "thread", spawn: "fresh", sockets });
        return attach(thread, ours, { order: boot, sink, stderr, lastWord });
      } catch (error) {
        ours.close();
        throw error;
      }
    },
  };
}

/** @throws Node's ERR_WORKER_INVALID_EXEC_ARGV, or ERR_WORKER_INIT_FAILED when the system gives no thread. */
function startThread(options: FreshThreadOptions, order: SpawnOrder, link: MessagePort): Worker {
  try {
    return newThread(options, order, link, () => false);
  } catch (error) {
    // Its message names the flags that hold for whole processes. The host's are left out, and hold anyway.
    const message = error instanceof Error && codeOf(error) === REFUSED_FLAGS ? error.message : null;
    if (message === null || options.execArgv !== null) throw error;
    return newThread(options, order, link, (flag) => message.includes(flag));
  }
}

function newThread(
  options: FreshThreadOptions,
  order: SpawnOrder,
  link: MessagePort,
  refused: (flag: string) => boolean,
): Worker {
  const { execArgv: given, preloads = [], args = [] } = options;
  const execArgv = threadFlags({ given, preloads }, refused);
  return new Worker(WORKER_MAIN, {
    name: `brood ${options.name} slot=${order.slot} gen=${order.generation}`,
    env: withoutUndefined(workerEnvironment(options, order.release.folder)),
    argv: [...args],
    ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    resourceLimits: options.resourceLimits,
    stdout: true,
    stderr: true,
    workerData: { [THREAD_LINK_KEY]: link },
    transferList: [link],
  });
}

/** Node would make the text "undefined" of a variable that is to be removed. */
function withoutUndefined(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}

interface Attachment {
  readonly order: BootOrder;
  readonly sink: WorkerSink;
  readonly stderr: OutputFunnel;
  /** What the worker would say if it had any memory left. */
  readonly lastWord: WorkerMessage;
}

function attach(thread: Worker, port: MessagePort, attachment: Attachment): WorkerHandle {
  const { order, sink } = attachment;
  const { threadId } = thread;
  const tail = createTail();
  const writer = createFrameWriter<SupervisorMessage>();
  const readFrame = workerReader(sink, false);
  const read = (text: unknown): void => readFrame(decodeText(text));
  let isOpen = true;
  tail.add(thread.stderr);
  port.on("message", read);
  port.on("messageerror", () => sink.violated("it sent something that cannot be read"));
  reportErrors(thread, attachment, tail);
  thread.once("exit", (exitCode) => {
    isOpen = false;
    for (let rest = receiveMessageOnPort(port); rest !== undefined; rest = receiveMessageOnPort(port))
      read(rest.message);
    port.close();
    whenRead(thread, () => sink.exited({ exitCode, signal: null, stderr: tail.text() }));
  });
  const send = (message: SupervisorMessage, handle?: unknown): boolean => {
    // Node passes handles between processes only.
    if (!isOpen || handle !== undefined) return false;
    return writer.write(message, (frame) => {
      port.postMessage(JSON.stringify(frame));
      return true;
    });
  };
  process.nextTick(() => {
    sink.spawned(process.pid);
    send({ type: "Boot", order });
  });
  return { threadId, send, kill: () => detached(thread.terminate(), ignored) };
}

/** The runtime in the thread has said what was thrown there; here it is printed. Out of memory it can say nothing, so its
 *  last word is said for it. */
function reportErrors(thread: Worker, { sink, stderr, lastWord }: Attachment, tail: Tail): void {
  thread.on("error", (error: unknown) => {
    const text = `${format(error)}\n`;
    tail.write(text);
    stderr.write(text);
    if (codeOf(error) === "ERR_WORKER_OUT_OF_MEMORY") sink.message(lastWord);
  });
}

function outOfMemory({ worker, generation }: SpawnOrder, limitMb: number | undefined): WorkerMessage {
  const size = limitMb === undefined ? "" : ` of ${limitMb} MB`;
  const message = `ran out of memory: its heap reached the limit${size}. Raise resourceLimits.maxOldGenerationSizeMb, or look for what grows.`;
  return {
    type: "Failed",
    worker,
    generation,
    error: { code: "BROOD_WORKER_EXITED", message, stack: message },
  };
}

/** Calls back once, when everything that the thread printed has been read. */
function whenRead(thread: Worker, report: () => void): void {
  const open = [thread.stdout, thread.stderr].filter((each) => !each.readableEnded);
  let left = open.length;
  if (left === 0) return report();
  const finish = (): void => {
    clearTimeout(patience);
    for (const each of open) each.off("end", ended);
    report();
  };
  const ended = (): void => {
    left -= 1;
    if (left === 0) finish();
  };
  const patience = setTimeout(finish, STDERR_GRACE_MS);
  for (const each of open) each.once("end", ended);
}

/** Anything may have been thrown in the thread, null too. */
function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, "code") : undefined;
}
