// `fetch` for a test server: over TCP and over a unix socket alike, a new connection for each request, so that no answer
// comes from a worker that a kept connection clings to, and no socket outlives the answer. No redirect is followed.

import { request } from "node:http";
import { Readable } from "node:stream";
import type { Target } from "../probe/target.ts";

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** Statuses that the fetch standard gives no body. */
const WITHOUT_BODY = [101, 204, 205, 304];

/** Resolves with the head; the body streams. @throws the error of the connection. */
export function ask(target: Target, path: string, options: AskOptions = {}): Promise<Response> {
  const { method = "GET", headers = {}, body, signal } = options;
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        ...target,
        path,
        method,
        headers: { ...headers },
        agent: false,
        ...(signal === undefined ? {} : { signal }),
      },
      (answer) => {
        const status = answer.statusCode ?? 0;
        const init = { status, statusText: answer.statusMessage ?? "", headers: pairsOf(answer.rawHeaders) };
        if (!WITHOUT_BODY.includes(status))
          return resolve(
            new Response(Readable.toWeb(answer) as ConstructorParameters<typeof Response>[0], init),
          );
        answer.resume();
        resolve(new Response(null, init));
      },
    );
    asked.once("error", reject);
    asked.end(body);
  });
}

/** Repeated headers (set-cookie) stay apart. */
function pairsOf(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, index) =>
    index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as [string, string]] : [],
  );
}
