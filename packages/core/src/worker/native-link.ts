// The worker's end of the link over a socket pair of its own, for forked workers. Their first message takes a pidfd of
// themselves along: so the supervisor knows this process by a handle from its first word, whatever became of the template.
// It keeps the process alive: a worker ends when it is told to, not when its application has nothing to do.

import { createFrameWriter, createSupervisorFrameReader } from "../link/frames.ts";
import { decodeJson, encodeJson } from "../link/json-frame.ts";
import type { SupervisorMessage, WorkerMessage } from "../link/protocol.ts";
import { type Binding, createFramedLink } from "../native/index.ts";
import { leaveBrokenLink, NO_FRAME, type WorkerLink } from "./link.ts";

const { setImmediate } = globalThis;

/** Results of tasks that ran side by side wait here for a supervisor that is busy; they are in memory anyway. Four of the
 *  largest. */
const QUEUE_MAX_BYTES = 1024 * 1024 * 1024;

/** Takes the descriptor over. */
export function openNativeLink(binding: Binding, descriptor: number): WorkerLink {
  const writer = createFrameWriter<WorkerMessage>();
  const reader = createSupervisorFrameReader();
  let listener: (message: SupervisorMessage, handle: unknown) => void = () => {};
  let onClosed: () => void = () => {};
  let isOpen = true;
  let isKnown = false;
  const sink = {
    /** A post may come with one descriptor, which is its receiver's. */
    frame(payload: Buffer, descriptors: readonly number[]): void {
      const [descriptor, ...rest] = descriptors;
      for (const each of rest) binding.close(each);
      const reading = reader.read(decodeJson(payload));
      const isPost = reading.kind === "message" && reading.message.type === "Post";
      if (descriptor !== undefined && !isPost) binding.close(descriptor);
      const handle = isPost && descriptor !== undefined ? { descriptor } : undefined;
      if (reading.kind === "message") listener(reading.message, handle);
      else if (reading.kind === "violation") leaveBrokenLink(reading.detail);
      else if (reading.kind === "foreign") leaveBrokenLink(NO_FRAME);
    },
    ended(): void {
      isOpen = false;
      onClosed();
    },
  };
  const link = createFramedLink(binding, descriptor, sink, QUEUE_MAX_BYTES);
  const transmit = (bytes: Buffer): void => {
    if (isKnown) return void link.send(bytes);
    isKnown = true;
    const pidfd = binding.pidfdOpen(process.pid);
    link.send(bytes, [pidfd]);
    binding.close(pidfd);
  };
  return {
    descriptor,
    send(message) {
      if (!isOpen) return;
      writer.write(message, (frame) => {
        transmit(encodeJson(frame));
        // Also when the link is full: nobody is told of that here, so the gap must show at the other end.
        return true;
      });
    },
    async flush() {
      while (isOpen && link.queuedBytes > 0) await new Promise((resolve) => setImmediate(resolve));
    },
    unref: () => link.unref(),
    onMessage(next) {
      listener = next;
    },
    onClose(next) {
      onClosed = next;
    },
  };
}
