// A TLS client that comes back resumes its session with a ticket, if whoever it meets knows the key the ticket was sealed
// with. Node makes a key for each process, so with several workers most resumptions would fail, and all of them after a
// deploy. So all workers of a server get the supervisor's keys. Node also makes the session id context of
// `process.argv`, which names the entry and differs after a deploy into a new folder; ours is the same for all.
// An application that gives keys or a context of its own keeps them.

import { createHash } from "node:crypto";
import type { Server } from "node:net";
import type { Server as TlsServer } from "node:tls";

/** Any text would do; a session is only resumed where it is the same. */
const SESSION_ID_CONTEXT = "brood";

/** Does nothing for a server without TLS. @param keys  48 bytes in base64 */
export function shareTicketKeys(server: Server, keys: string): void {
  if (!isTls(server) || Reflect.get(server, "ticketKeys") !== undefined) return;
  server.setTicketKeys(Buffer.from(keys, "base64"));
  if (Reflect.get(server, "sessionIdContext") === contextOfNode()) setContext(server);
}

function isTls(server: Server): server is TlsServer {
  return "setTicketKeys" in server;
}

/** As `tls.Server` makes it where nothing was given (looked up in Node 20, 22, 24 and 26). */
function contextOfNode(): string {
  return createHash("sha1").update(process.argv.join(" ")).digest("hex").slice(0, 32);
}

/** Not public, but on the object that `tls.createSecureContext` returns; without it tickets hold until the next deploy. */
function setContext(server: TlsServer): void {
  const context: unknown = Reflect.get(Object(Reflect.get(server, "_sharedCreds")), "context");
  const set: unknown = Reflect.get(Object(context), "setSessionIdContext");
  if (typeof set === "function") Reflect.apply(set, context, [SESSION_ID_CONTEXT]);
}
