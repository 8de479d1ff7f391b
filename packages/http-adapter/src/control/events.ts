// `GET /events`: one server-sent event for each lifecycle event, from now on. A reader that does not keep up is cut
// off: its events would otherwise pile up in the supervisor, which must stay small.

import type { ServerResponse } from "node:http";
import { type ControlTarget, LIFECYCLE_EVENTS } from "./target.ts";

/** About five thousand events behind. */
const BACKLOG_BYTES_MAX = 1024 * 1024;

/** Adds itself to `streams` while it is open: whoever closes the server ends them. */
export function streamEvents(
  target: ControlTarget,
  streams: Set<ServerResponse>,
  response: ServerResponse,
): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.flushHeaders();
  const ends = LIFECYCLE_EVENTS.map((name) => {
    const listener = (event: unknown): void => {
      response.write(`event: ${name}\ndata: ${JSON.stringify(toPlain(event)) ?? "null"}\n\n`);
      if (response.writableLength > BACKLOG_BYTES_MAX) response.destroy();
    };
    target.on(name, listener);
    return () => target.off(name, listener);
  });
  streams.add(response);
  response.once("close", () => {
    streams.delete(response);
    for (const end of ends) end();
  });
}

/** An Error has no own enumerable properties worth sending. */
function toPlain(event: unknown): unknown {
  if (!(event instanceof Error)) return event;
  return { code: "code" in event ? event.code : null, message: event.message };
}
