// Asks the application's own server for its health path, in this worker and before it accepts anything.

import { request as httpRequest, type IncomingMessage } from "node:http";
import type net from "node:net";
import { PoolError } from "@brood/core/errors";
import { openOwnConnection, speaksHttp1 } from "./own-connection.ts";

/** Rejects with what the application answered instead of 2xx or 3xx, or why it did not answer.
 *  @param adopt called with the accepted socket before the server gets it */
export async function probeHealth(
  server: net.Server,
  path: string,
  adopt: (socket: net.Socket) => void,
): Promise<void> {
  if (!speaksHttp1(server)) {
    throw new PoolError(
      "BROOD_BAD_OPTION",
      "option healthCheck: a path needs a server that speaks HTTP/1; export healthCheck(ctx) from the entry instead",
    );
  }
  const connection = await openOwnConnection(server, "http/1.1", adopt);
  try {
    const { statusCode = 0 } = await answer(connection.socket, path);
    if (statusCode >= 400 || statusCode < 200) throw new Error(`GET ${path} answered ${statusCode}`);
  } finally {
    connection.destroy();
  }
}

function answer(socket: net.Socket, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { host: "localhost", connection: "close", "user-agent": "brood-health-check" };
    const request = httpRequest({ path, headers, createConnection: () => socket }, (response) => {
      response
        .on("error", reject)
        .on("end", () => resolve(response))
        .resume();
    });
    request.on("error", reject).end();
    socket.on("error", reject);
  });
}
