// The control API: GET /stats, GET /metrics, GET /events, POST /restart[?wait=false] { to? }, POST /scale, POST /stop[?now=true].
// Answers are JSON; an error is `{ code, message }`. A client that goes away changes nothing: what it asked for is
// done all the same, only nobody reads the answer.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { RestartOptions } from "@brood/core";
import { badOption, type ErrorCode, PoolError } from "@brood/core/errors";
import { objectOption } from "@brood/core/options";
import { scaleTarget } from "../scale-target.ts";
import { readBody } from "./body.ts";
import { streamEvents } from "./events.ts";
import type { ControlTarget } from "./target.ts";

type Handle = (target: ControlTarget, request: IncomingMessage, query: URLSearchParams) => Promise<Answer>;

interface Answer {
  readonly status: number;
  /** JSON, unless `contentType` says otherwise. */
  readonly body: unknown;
  readonly contentType?: string;
}

const ROUTES: ReadonlyMap<string, Handle> = new Map<string, Handle>([
  ["GET /stats", async (target) => ({ status: 200, body: await target.freshStats() })],
  ["GET /metrics", metrics],
  ["POST /restart", restart],
  ["POST /scale", scale],
  ["POST /stop", stop],
]);

const PATHS = ["/stats", "/metrics", "/events", "/restart", "/scale", "/stop"];

/** Of what a request has in it. */
const SHOWN_LENGTH = 80;

/** Errors of the caller's making, by code; all others are 500. */
const STATUS_OF: Readonly<Partial<Record<ErrorCode, number>>> = {
  BROOD_BAD_OPTION: 400,
  BROOD_RELEASE_NOT_FOUND: 400,
  BROOD_CLOSED: 409,
  BROOD_CONTROL_FAILED: 503,
};

/** Answers one request, whatever its line and body are; never rejects. `target` is null until the server has its sockets; open
 *  event streams are in `streams`. */
export async function answer(
  target: ControlTarget | null,
  streams: Set<ServerResponse>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const url = readUrl(request.url ?? "");
    if (target === null) {
      throw new PoolError("BROOD_CONTROL_FAILED", "the server is about to start; ask again in a moment.");
    }
    if (request.method === "GET" && url.pathname === "/events") {
      streamEvents(target, streams, response);
      return;
    }
    const handle = ROUTES.get(`${request.method} ${url.pathname}`);
    send(
      response,
      handle === undefined ? unknownRoute(request, url) : await handle(target, request, url.searchParams),
    );
  } catch (error) {
    refuse(response, error);
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  try {
    send(response, failure(error));
  } catch {
    // What happened cannot even be told.
    response.destroy();
  }
}

/** Of a path or a whole URL. `//host/path` is a path here: there are no other hosts. */
function readUrl(text: string): URL {
  const url = text.startsWith("/") ? `http://brood${text}` : text;
  if (!URL.canParse(url))
    throw badOption("request", text.slice(0, SHOWN_LENGTH), `a path: ${PATHS.join(", ")}`);
  return new URL(url);
}

/** Loads the metrics library when somebody asks for the first time: most supervisors are never asked. */
async function metrics(target: ControlTarget): Promise<Answer> {
  const { renderMetrics } = await import("./metrics.ts");
  const { contentType, text } = await renderMetrics(await target.freshStats());
  return { status: 200, body: text, contentType };
}

async function restart(
  target: ControlTarget,
  request: IncomingMessage,
  query: URLSearchParams,
): Promise<Answer> {
  const isWaiting = readFlag(query, "wait", true);
  const rolling = target.restart(restartTarget(await readBody(request)));
  if (isWaiting) return { status: 200, body: await rolling };
  // Its end is in the stats, the events and the log. Only a refusal of the restart itself is the caller's to know.
  const refusal = await Promise.race([rolling.then(() => null), nextTurn()]).catch((error: unknown) => error);
  if (refusal !== null) throw refusal;
  rolling.catch(() => undefined);
  return { status: 202, body: { accepted: true } };
}

/** `{ "to": 3 }` or `{ "to": "/srv/r2/server.js" }`; nothing: the same entry again. */
function restartTarget(body: Readonly<Record<string, unknown>>): RestartOptions {
  objectOption("", body, ["to"]);
  const { to } = body;
  if (to === undefined || to === null) return {};
  if (typeof to === "number" || typeof to === "string") return { to };
  throw badOption("to", to, "the path of an entry, or the number of a generation that completed");
}

async function scale(target: ControlTarget, request: IncomingMessage): Promise<Answer> {
  const { workers } = await readBody(request);
  const desired = scaleTarget(workers, target.stats().desired);
  await target.scale(desired);
  const { ready } = target.stats();
  return { status: 200, body: { desired, ready } };
}

async function stop(
  target: ControlTarget,
  _request: IncomingMessage,
  query: URLSearchParams,
): Promise<Answer> {
  const now = readFlag(query, "now", false);
  await target.stop({ now });
  return { status: 200, body: { stopped: true } };
}

function readFlag(query: URLSearchParams, name: string, fallback: boolean): boolean {
  const text = query.get(name);
  if (text === null) return fallback;
  if (text === "true" || text === "") return true;
  if (text === "false") return false;
  throw badOption(`?${name}`, text, "true or false");
}

function nextTurn(): Promise<null> {
  return new Promise((resolve) => setImmediate(() => resolve(null)));
}

function unknownRoute(request: IncomingMessage, url: URL): Answer {
  const isKnown = PATHS.includes(url.pathname);
  const message = isKnown
    ? `${request.method} is not accepted for ${url.pathname}.`
    : `${url.pathname.slice(0, SHOWN_LENGTH)} is unknown; there are ${PATHS.join(", ")}.`;
  return { status: isKnown ? 405 : 404, body: { code: "BROOD_BAD_OPTION", message } };
}

function failure(error: unknown): Answer {
  if (!(error instanceof PoolError)) {
    return { status: 500, body: { code: "BROOD_BUG", message: String(error) } };
  }
  const body = { code: error.code, message: error.message, details: error.details };
  return { status: STATUS_OF[error.code] ?? 500, body };
}

function send(response: ServerResponse, { status, body, contentType }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  // First: what cannot be said in JSON is another answer.
  const text = typeof body === "string" ? body : `${JSON.stringify(body)}\n`;
  response.writeHead(status, { "content-type": contentType ?? "application/json", connection: "close" });
  response.end(text);
}
