// The events of a running server as the commands read them. The parser of the stream is eventsource-parser's.

import type { IncomingMessage } from "node:http";
import { createParser } from "eventsource-parser";
import { openEventStream } from "../control/client.ts";

export interface ServerEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Calls `onEvent` for each event from now on. @returns what ends it. */
export async function readEvents(path: string, onEvent: (event: ServerEvent) => void): Promise<() => void> {
  const stream: IncomingMessage = await openEventStream(path);
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event !== undefined) onEvent({ name: event, data: parse(data) });
    },
  });
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => parser.feed(chunk));
  // The answer to the command itself tells what happened; the stream only shows it on the way.
  stream.on("error", () => undefined);
  return () => stream.destroy();
}

function parse(data: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(data);
  return typeof value === "object" && value !== null ? { ...value } : {};
}
