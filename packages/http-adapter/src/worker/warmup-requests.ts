// Requests without a socket, before anybody serves: the code paths of the application are compiled when the first user comes.
// Sent one after the other by light-my-request, which gives the application a request and a response of its own.
// An answer of 5xx is said and nothing more: a health page may well depend on what onWorkerBoot opens.

import type { Server } from "node:net";
import type { DispatchFunc } from "light-my-request";
import type { HttpHostData } from "./host-data.ts";

/** Applications can tell them from users' requests. */
const HEADERS = { host: "localhost", "user-agent": "brood-warmup" };

const SERVER_ERROR = 500;

export async function sendWarmupRequests(server: Server, warmup: HttpHostData["warmup"]): Promise<void> {
  if (warmup === undefined || warmup.requests === 0) return;
  const { default: inject } = await import("light-my-request");
  const dispatch: DispatchFunc = (request, response) => void server.emit("request", request, response);
  const failed = new Map<string, number>();
  for (let count = 0; count < warmup.requests; count += 1) {
    for (const url of warmup.paths) {
      const { statusCode } = await inject(dispatch, { method: "GET", url, headers: HEADERS });
      if (statusCode >= SERVER_ERROR) failed.set(url, statusCode);
    }
  }
  for (const [url, status] of failed)
    process.stderr.write(`brood: warm-up request GET ${url} was answered ${status}\n`);
}
