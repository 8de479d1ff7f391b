// The options of a probe, checked by name before anything is sent.

import { badOption } from "@brood/core";
import { booleanOption, choiceOption, integerOption, objectOption } from "@brood/core/options";
import { createRandom, type Random } from "../simulation/random.ts";
import type { ProbeResponse } from "./exchange.ts";
import { headersOption, type ProbeRequest, pathOption, type RequestOf, requestsOption } from "./request.ts";
import { parseTarget, type Target } from "./target.ts";

export interface VersionProbeOptions {
  /** `http://127.0.0.1:3000/path`, or an address as a server prints it: `tcp://127.0.0.1:3000`, `unix:/run/app.sock`. */
  readonly target: string | URL;
  /** Path to ask for; default the one in `target`, else "/". */
  readonly path?: string;
  /** How many ask at the same time, 1...10_000, default 8. */
  readonly clients?: number;
  /** true: a connection for each request. false (default): each client keeps one; a reset on it is counted, never retried. */
  readonly newConnections?: boolean;
  /** "obey" (default): a kept connection is given up one second before the `Keep-Alive: timeout=` of its last answer is over,
   *  as undici does. "ignore": it is used until the server closes it. */
  readonly keepAliveHints?: "obey" | "ignore";
  /** 0...60_000, default 0: each way between client and server, as on a long line. Real sockets, a proxy in this process. */
  readonly latencyMs?: number;
  /** Which version gave this answer; default the body, trimmed. If it throws, the answer counts as error "version". */
  readonly versionOf?: (response: ProbeResponse) => string;
  /** 1...3_600_000, default 10_000: from sending to the whole body. */
  readonly requestTimeoutMs?: number;
  /** 0...60_000, default 0: what each client waits between an answer and its next request; `[min, max]` draws it anew each
   *  time. As fast as it goes, the probe takes the cores that the server's new workers need to boot. */
  readonly thinkMs?: number | readonly [min: number, max: number];
  /** The same as a fixed `thinkMs`. */
  readonly pauseMs?: number;
  /** 0...2_147_483_647, default 1: of what is drawn; each client has a stream of its own. */
  readonly seed?: number;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What is asked: a list, each client taking it in turn from a place of its own, or a function of the client's turn and number
   *  (both 0-based). Default: GET `path`. If it throws, that counts as error "request". */
  readonly requests?: readonly ProbeRequest[] | ((turn: number, client: number) => ProbeRequest);
  /** true: each client opens a WebSocket, sends a message (`body`, default "probe") and waits for one, which shows the version;
   *  one that was closed is opened again. Takes the package `ws`. Default false. */
  readonly webSocket?: boolean;
}

export interface ProbeSettings {
  readonly target: Target;
  readonly clients: number;
  readonly newConnections: boolean;
  readonly keepAliveHints: "obey" | "ignore";
  readonly latencyMs: number;
  readonly versionOf: (response: ProbeResponse) => string;
  readonly timeoutMs: number;
  /** Of one client. */
  readonly thinkMs: (random: Random) => number;
  readonly random: Random;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestOf: RequestOf;
  readonly webSocket: boolean;
}

const OPTIONS: readonly (keyof VersionProbeOptions)[] = [
  ...(["target", "path", "clients", "newConnections", "keepAliveHints", "latencyMs", "versionOf"] as const),
  ...(["requestTimeoutMs", "thinkMs", "pauseMs", "seed", "headers", "requests", "webSocket"] as const),
];

const THINK_MAX_MS = 60_000;

/** @throws PoolError BROOD_BAD_OPTION */
export function probeSettings(options: VersionProbeOptions): ProbeSettings {
  objectOption("", options, OPTIONS);
  const { versionOf = (response: ProbeResponse) => response.body.trim() } = options;
  if (typeof versionOf !== "function") throw badOption("versionOf", versionOf, "a function of the answer");
  if (options.thinkMs !== undefined && options.pauseMs !== undefined)
    throw badOption("pauseMs", options.pauseMs, "none beside thinkMs");
  const webSocket = booleanOption("webSocket", options.webSocket, false);
  return {
    target: parseTarget(options.target, pathOption("path", options.path)),
    clients: integerOption("clients", options.clients, 1, 10_000, 8),
    newConnections: booleanOption("newConnections", options.newConnections, false),
    keepAliveHints: choiceOption("keepAliveHints", options.keepAliveHints, ["obey", "ignore"], "obey"),
    latencyMs: integerOption("latencyMs", options.latencyMs, 0, 60_000, 0),
    versionOf,
    timeoutMs: integerOption("requestTimeoutMs", options.requestTimeoutMs, 1, 3_600_000, 10_000),
    thinkMs: thinkOption(options.thinkMs, integerOption("pauseMs", options.pauseMs, 0, THINK_MAX_MS, 0)),
    random: createRandom(integerOption("seed", options.seed, 0, 2 ** 31 - 1, 1)),
    headers: headersOption("headers", options.headers) ?? {},
    requestOf: requestsOption(options.requests, webSocket),
    webSocket,
  };
}

function thinkOption(value: unknown, fallback: number): (random: Random) => number {
  if (!Array.isArray(value)) {
    const fixedMs = integerOption("thinkMs", value, 0, THINK_MAX_MS, fallback);
    return () => fixedMs;
  }
  if (value.length !== 2) throw badOption("thinkMs", value, "a number or [min, max]");
  const min = integerOption("thinkMs[0]", value[0] ?? null, 0, THINK_MAX_MS, 0);
  const max = integerOption("thinkMs[1]", value[1] ?? null, min, THINK_MAX_MS, min);
  return (random) => random.durationMs(min, max);
}
