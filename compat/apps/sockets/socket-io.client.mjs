// As its documentation has it for delivery "at least once": the client reconnects, and sends again what was not acknowledged.
import { io } from "socket.io-client";

export async function connect(port) {
  const retrying = { ackTimeout: 5_000, retries: 3, reconnectionDelay: 50 };
  const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true, ...retrying });
  return {
    ask: () => socket.emitWithAck("hello"),
    close: () => socket.close(),
  };
}
