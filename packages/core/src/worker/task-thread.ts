// What a one-thread Piscina runs in its thread: opens the session over a port of our own and returns, so that Piscina sees an
// idle thread, which does not keep the host alive. Its `atomics` are off: with "sync" an idle thread stands frozen in
// Atomics.wait, where it can send no heartbeat and run no timer of the application; measured, it was not faster either.
// Beside the port lies a piece of shared memory: the worker notes each task it begins, and the pool takes
// tasks back by marking them first. So both know for certain, also when this thread is deep in a task, or dead. Results that
// fit lie in another piece (result-ring.ts).

import type { MessagePort, TransferListItem } from "node:worker_threads";
import { RESULTS_READY, ResultWriter } from "../link/result-ring.ts";
import { BEGUN, exchangeOffer } from "../link/task-cells.ts";
import { openTaskSession, type TaskSession } from "./task-session.ts";

export interface ThreadOrder {
  readonly session: TaskSession;
  readonly port: MessagePort;
  readonly cells: Int32Array;
  readonly results: SharedArrayBuffer;
}

export function open({ session, port, cells, results }: ThreadOrder): void {
  const ring = new ResultWriter(results, () => port.postMessage(RESULTS_READY));
  openTaskSession(session, {
    runtime: "worker_threads",
    isCheap: true,
    place: (seq, result, us) => ring.write(seq, result, us),
    post: (results, transfer) => port.postMessage(results, transfer as TransferListItem[]),
    sendFrame: (frame) => port.postMessage(frame),
    flush: () => Promise.resolve(),
    onMessage: (listener) => void port.on("message", listener),
    claim: (seq, cell) => exchangeOffer(cells, cell, seq, BEGUN),
    exit: (code) => process.exit(code),
  });
}
