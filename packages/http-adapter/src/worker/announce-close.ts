// The last response on a connection of a draining worker says `Connection: close`, so that no client sends one
// more request into a closing connection. Whether it is the last is asked when its head is written, not before:
// until then a pipelined request may have come in, and it must be answered too. An application that sets
// `Connection` itself (a proxy that copies headers) is overruled, or the client would be told to stay.

import type { ServerResponse } from "node:http";
import { addToHead, type HeaderList } from "./response-head.ts";

const CLOSE: HeaderList = [["connection", "close"]];

/** @param isLast asked when the head is about to be written */
export function announceClose(response: ServerResponse, isLast: () => boolean): void {
  if (response.headersSent) return;
  addToHead(response, () => {
    if (!isLast()) return [];
    response.shouldKeepAlive = false;
    return CLOSE;
  });
}
