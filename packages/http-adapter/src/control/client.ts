// The client of the control socket, as the commands use it. What the server answers at once has a deadline: one that was stopped
// (SIGSTOP) or hangs is said, instead of waiting for it. A restart, a scale or a stop lasts as long as its drains: there the server
// must only take the connection. Nobody there is one clear error.

import { request as httpRequest, type IncomingMessage } from "node:http";
import { ERROR_CATALOGUE, type ErrorCode, PoolError } from "@brood/core/errors";
import { isCode } from "../listen/unix-path.ts";

export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A server whose event loop turns answers within milliseconds; on a busy machine within seconds. */
const ANSWER_WITHIN_MS = 10_000;

/** @param withinMs for the head of the answer; 0: no limit
 *  @returns the answer of a server that did what was asked.
 *  @throws PoolError BROOD_CONTROL_FAILED when none is there or it went away; the server's own error otherwise. */
export async function callControl(
  path: string,
  method: "GET" | "POST",
  route: string,
  body?: unknown,
  withinMs: number = method === "GET" ? ANSWER_WITHIN_MS : 0,
): Promise<ControlAnswer> {
  const response = await open(path, method, route, { body, withinMs });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch (cause) {
    throw wentAway(path, cause);
  }
  const answer = {
    status: response.statusCode ?? 0,
    body: parse(path, Buffer.concat(chunks).toString("utf8")),
  };
  if (answer.status >= 300) throw toError(path, answer);
  return answer;
}

/** Opens `GET /events`. The stream has begun when this resolves: no later event is missed. */
export async function openEventStream(path: string): Promise<IncomingMessage> {
  const response = await open(path, "GET", "/events", { withinMs: ANSWER_WITHIN_MS });
  if (response.statusCode === 200) return response;
  response.destroy();
  throw new PoolError("BROOD_CONTROL_FAILED", `${path} answered ${response.statusCode} to GET /events.`);
}

interface Asked {
  readonly body?: unknown;
  /** For the head of its answer; 0: no limit. */
  readonly withinMs: number;
}

function open(
  path: string,
  method: string,
  route: string,
  { body, withinMs }: Asked,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const late =
      withinMs === 0 ? undefined : setTimeout(() => request.destroy(silent(path, withinMs)), withinMs);
    // Without the default agent, which would keep the connection and so this process.
    const request = httpRequest({ socketPath: path, method, path: route, agent: false }, resolve);
    request.once("close", () => clearTimeout(late));
    request.once("response", () => clearTimeout(late));
    request.once("error", (cause) => reject(cause instanceof PoolError ? cause : unreachable(path, cause)));
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function unreachable(path: string, cause: Error): PoolError {
  const isAbsent = isCode(cause, "ENOENT", "ECONNREFUSED");
  if (!isAbsent && !isCode(cause, "EACCES")) return wentAway(path, cause);
  const what = isAbsent ? `no server is running at ${path}` : `${path} belongs to another user`;
  return new PoolError("BROOD_CONTROL_FAILED", `${what}: point --name or --control at one that does.`, {
    details: { path, absent: isAbsent },
    cause,
  });
}

function silent(path: string, afterMs: number): PoolError {
  return new PoolError(
    "BROOD_CONTROL_FAILED",
    `the server at ${path} is there and did not answer within ${afterMs} ms: it was stopped (SIGSTOP), or its event loop is held up. ` +
      "Look at the process (ps shows the state T), and continue it (kill -CONT) or end it.",
    { details: { path, wasThere: true } },
  );
}

function wentAway(path: string, cause: unknown): PoolError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PoolError(
    "BROOD_CONTROL_FAILED",
    `the server at ${path} went away before it answered (${reason}).`,
    {
      details: { path, wasThere: true },
      cause,
    },
  );
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PoolError(
      "BROOD_CONTROL_FAILED",
      `${path} answered something that is no JSON; is it a Brood server?`,
    );
  }
}

function toError(path: string, answer: ControlAnswer): PoolError {
  const { body } = answer;
  if (
    typeof body === "object" &&
    body !== null &&
    "code" in body &&
    "message" in body &&
    isKnown(body.code)
  ) {
    return new PoolError(body.code, String(body.message), { details: { path, status: answer.status } });
  }
  return new PoolError("BROOD_CONTROL_FAILED", `${path} answered ${answer.status}.`);
}

function isKnown(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERROR_CATALOGUE, code);
}
