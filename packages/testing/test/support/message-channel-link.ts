// A link over a MessageChannel, as threads have it.

import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { LinkEnd, LinkUnderTest } from "@brood/testing";

export function messageChannelLink(): LinkUnderTest {
  const { port1, port2 } = new MessageChannel();
  return { supervisor: endOf(port1), worker: endOf(port2) };
}

function endOf(port: MessagePort): LinkEnd {
  let isClosed = false;
  port.once("close", () => {
    isClosed = true;
  });
  return {
    send(value) {
      if (isClosed) return false;
      port.postMessage(value);
      return true;
    },
    onValue: (listener) => void port.on("message", listener),
    onClose: (listener) => void port.once("close", listener),
    close() {
      isClosed = true;
      port.close();
    },
  };
}
