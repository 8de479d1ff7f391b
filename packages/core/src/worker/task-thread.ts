// What a one-thread Piscina runs in its thread: opens the session over a port of our own and returns, so that Piscina
// sees an idle thread, which does not keep the host alive. Its `atomics` are off: with "sync" an idle thread stands
// frozen in Atomics.wait, where it can send no heartbeat and run no timer of the application; measured, it was not
// faster either. Beside the port lies a piece of shared memory: the worker notes each task it begins, and the pool
// takes tasks back by marking them first. So both know for certain, also when this thread is deep in a task, or dead.
// Results that fit lie there too (result-ring.ts).

import type { MessagePort, TransferListItem } from "node:worker_threads";
import { RESULTS_READY } from "../link/result-ring.ts";
import { shareTaskMemory } from "./task-memory.ts";
import { openTaskSession, type TaskSession } from "./task-session.ts";

export interface ThreadOrder {
  readonly session: TaskSession;
  readonly port: MessagePort;
  readonly memory: SharedArrayBuffer;
}

export function open({ session, port, memory }: ThreadOrder): void {
  openTaskSession(session, {
    runtime: "worker_threads",
    isCheap: true,
    ...shareTaskMemory(memory, () => port.postMessage(RESULTS_READY)),
    post: (results, transfer) => port.postMessage(results, transfer as TransferListItem[]),
    sendFrame: (frame) => port.postMessage(frame),
    flush: () => Promise.resolve(),
    onMessage: (listener) => void port.on("message", listener),
    onUnreadable: (listener) => void port.on("messageerror", listener),
    exit: (code) => process.exit(code),
  });
}
