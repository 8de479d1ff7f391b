// What a one-process Tinypool runs in its process: opens the session over the IPC channel and returns. Everything after it
// goes over that same channel in messages of our own, which Tinypool's runner does not look at.

import { isFrame } from "../link/frames.ts";
import { RESULTS_READY } from "../link/result-ring.ts";
import { isTaskMessage } from "../link/task-protocol.ts";
import { IPC_DESCRIPTOR, takeMessages } from "./ipc-link.ts";
import { replaceSend } from "./own-send.ts";
import { openTaskMemory } from "./task-memory.ts";
import { openTaskSession, type TaskSession } from "./task-session.ts";

export interface ProcessOrder {
  readonly session: TaskSession;
  /** The memory's descriptor, or the journal's path as this process can open it; null: neither. */
  readonly journal: number | string | null;
}

export function open({ session, journal }: ProcessOrder): void {
  const sendNow = process.send?.bind(process);
  if (sendNow === undefined) throw new Error("a task process must be started by a pool");
  replaceSend((message, ...rest) => Reflect.apply(sendNow, process, [message, ...rest]));
  let sent: Promise<void> = Promise.resolve();
  const send = (message: unknown): void => {
    if (!process.connected) return;
    let hasLeft: () => void = () => {};
    const leaving = new Promise<void>((resolve) => {
      hasLeft = resolve;
    });
    sendNow(message, undefined, undefined, () => hasLeft());
    sent = leaving;
  };
  const worker = openTaskSession(session, {
    runtime: "child_process",
    descriptor: IPC_DESCRIPTOR,
    isCheap: false,
    ...openTaskMemory(journal, () => send(RESULTS_READY)),
    post: send,
    sendFrame: send,
    flush: () => sent,
    onMessage: (listener) => takeMessages((value) => isTaskMessage(value) || isFrame(value), listener),
    // Nothing in a message that a value could make unreadable.
    onUnreadable: () => {},
    exit: (code) => process.exit(code),
  });
  process.once("exit", () => worker.flush());
  process.once("disconnect", () => process.exit(1));
  process.on("SIGTERM", () => worker.leave());
  // A terminal sends these to the whole group; the pool's process decides.
  for (const signal of ["SIGINT", "SIGQUIT", "SIGHUP"] as const) process.on(signal, () => {});
}
