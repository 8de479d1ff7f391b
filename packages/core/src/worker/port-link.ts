// The worker's end of the link in a thread: a message port of its own, so that the application has `parentPort` to itself.
// Frames travel as JSON text, as they do over IPC: what an application posts means the same in a process and in a thread
// (structured clone would keep a Map here and lose it there). The port keeps the thread alive, as the channel keeps a
// process: a worker ends when it is told to.

import type { MessagePort } from "node:worker_threads";
import { createFrameWriter, createSupervisorFrameReader } from "../link/frames.ts";
import { decodeText } from "../link/json-frame.ts";
import type { SupervisorMessage, WorkerMessage } from "../link/protocol.ts";
import { leaveBrokenLink, NO_FRAME, type WorkerLink } from "./link.ts";

/** Takes over the port. Call once, before any code of the application is loaded. */
export function openPortLink(port: MessagePort): WorkerLink {
  const writer = createFrameWriter<WorkerMessage>();
  const reader = createSupervisorFrameReader();
  let listener: (message: SupervisorMessage, handle: unknown) => void = () => {};
  let onClosed: () => void = () => {};
  port.on("message", (text: unknown) => {
    const reading = reader.read(decodeText(text));
    if (reading.kind === "message") listener(reading.message, undefined);
    else if (reading.kind === "violation") leaveBrokenLink(reading.detail);
    else if (reading.kind === "foreign") leaveBrokenLink(NO_FRAME);
  });
  port.once("close", () => onClosed());
  return {
    send(message) {
      writer.write(message, (frame) => {
        port.postMessage(JSON.stringify(frame));
        return true;
      });
    },
    // A posted message is in the supervisor's queue already, which is read to its end when the thread has ended.
    flush: () => Promise.resolve(),
    unref: () => port.unref(),
    onMessage(next) {
      listener = next;
    },
    onClose(next) {
      onClosed = next;
    },
  };
}
