// The worker's end of the link over a socket pair of its own, for forked workers. Their first message takes a pidfd of
// themselves along: so the supervisor knows this process by a handle from its first word, whatever became of the template.
// It keeps the process alive: a worker ends when it is told to, not when its application has nothing to do.

import { createFrameWriter, createSupervisorFrameReader } from "../link/frames.ts";
import { decodeJson, encodeJson } from "../link/json-frame.ts";
import type { SupervisorMessage, WorkerMessage } from "../link/protocol.ts";
import { type Binding, createFramedLink } from "../native/index.ts";
import type { WorkerLink } from "./link.ts";

const { setImmediate } = globalThis;

/** Takes the descriptor over. */
export function openNativeLink(binding: Binding, descriptor: number): WorkerLink {
  const writer = createFrameWriter<WorkerMessage>();
  const reader = createSupervisorFrameReader();
  let listener: (message: SupervisorMessage, handle: unknown) => void = () => {};
  let onClosed: () => void = () => {};
  let isOpen = true;
  let isKnown = false;
  const link = createFramedLink(binding, descriptor, {
    frame(payload, descriptors) {
      for (const each of descriptors) binding.close(each);
      const reading = reader.read(decodeJson(payload));
      if (reading.kind === "message") listener(reading.message, undefined);
    },
    ended() {
      isOpen = false;
      onClosed();
    },
  });
  return {
    descriptor,
    send(message) {
      if (!isOpen) return;
      const bytes = encodeJson(writer.wrap(message));
      if (isKnown) return void link.send(bytes);
      isKnown = true;
      const pidfd = binding.pidfdOpen(process.pid);
      link.send(bytes, [pidfd]);
      binding.close(pidfd);
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
