// What serving a request takes, without the application: a server of our own, which nobody else can reach, answers a few.
// It is for the pages of memory that this writes to (`WorkerHost.rehearse`), three of five that a first request would copy.
// Nobody who watches the application is to see requests that nobody has sent: instrumentation replaces `emit` of all servers,
// so this one has its own, and the client is a bare socket; whoever listens on Node's channels would be told all the same, so
// then there is no rehearsal.

import { hasSubscribers } from "node:diagnostics_channel";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import { openOwnConnection } from "./own-connection.ts";

const { emit } = EventEmitter.prototype;

/** What makes V8 compile is written to as well; after these there is little that is new. */
const REQUESTS = 20;
/** Far beyond what they take. Then something is wrong with this machine's loopback, and serving matters more. */
const GIVE_UP_AFTER_MS = 2_000;

const CHANNELS = ["http.server.request.start", "http.server.response.created", "http.server.response.finish"];

/** @throws when there is no loopback connection to be had, or no answer in time */
export async function rehearse(): Promise<void> {
  if (CHANNELS.some((name) => hasSubscribers(name))) return;
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/json; charset=utf-8");
    response.end("{}");
  });
  server.emit = emit;
  const signal = AbortSignal.timeout(GIVE_UP_AFTER_MS);
  const { socket, destroy, closed } = await openOwnConnection(server, "http/1.1");
  // `once` tells of an error while an answer is awaited; at any other moment it must not end the worker.
  socket.on("error", () => {});
  try {
    for (let count = 0; count < REQUESTS; count += 1) {
      socket.write("GET / HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n\r\n");
      await once(socket, "data", { signal });
    }
  } finally {
    destroy();
    await closed;
  }
}
