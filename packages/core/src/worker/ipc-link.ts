// The worker's end of the link over child_process IPC. The application shares the channel (`process.send`,
// `process.on("message")`), so frames are taken out before its listeners see them. The listener of our own keeps the
// channel read and the process alive: a worker ends when it is told to, not when its application has nothing to do.

import { createFrameWriter, createSupervisorFrameReader, isFrame } from "../link/frames.ts";
import type { SupervisorMessage, WorkerMessage } from "../link/protocol.ts";
import { leaveBrokenLink, type WorkerLink } from "./link.ts";

/** After stdin, stdout and stderr: as `spawn/fresh-process.ts` and Tinypool lay them out. */
export const IPC_DESCRIPTOR = 3;

/** Takes over the channel. Call once, before any code of the application is loaded. */
export function openIpcLink(): WorkerLink {
  const send = process.send?.bind(process);
  if (send === undefined) throw new Error("a Brood worker must be started by a Brood supervisor");
  const writer = createFrameWriter<WorkerMessage>();
  const reader = createSupervisorFrameReader();
  let listener: (message: SupervisorMessage, handle: unknown) => void = () => {};
  let onClosed: () => void = () => {};
  let sent: Promise<void> = Promise.resolve();
  process.once("disconnect", () => onClosed());
  takeMessages(isFrame, (value, handle) => {
    const reading = reader.read(value);
    if (reading.kind === "message") listener(reading.message, handle);
    else if (reading.kind === "violation") leaveBrokenLink(reading.detail);
  });
  return {
    descriptor: IPC_DESCRIPTOR,
    send(message) {
      if (!process.connected) return;
      writer.write(message, (frame) => {
        let hasLeft: () => void = () => {};
        const leaving = new Promise<void>((resolve) => {
          hasLeft = resolve;
        });
        send(frame, undefined, undefined, () => hasLeft());
        sent = leaving;
        return true;
      });
    },
    flush: () => sent,
    unref: () => process.channel?.unref(),
    onMessage(next) {
      listener = next;
    },
    onClose(next) {
      onClosed = next;
    },
  };
}

/** Hands messages that are `ours` to `take` and hides them from every other listener. */
export function takeMessages(
  isOurs: (value: unknown) => boolean,
  take: (value: unknown, handle: unknown) => void,
): void {
  const emit = process.emit;
  const emitOthers = (name: string | symbol, ...values: readonly unknown[]): boolean => {
    if (name === "message" && isOurs(values[0])) {
      take(values[0], values[1]);
      return true;
    }
    return Reflect.apply(emit, process, [name, ...values]);
  };
  Reflect.set(process, "emit", emitOthers);
  process.on("message", () => {});
}
