// The limits of the HTTP servers that workers serve. A server that Brood makes (for a listener, an Express app, a fetch
// object) gets the defaults below and what is given; one that the application made itself (its own http.createServer, a
// Fastify instance, a script) keeps what the application chose, and gets only what is given here.
// Why these defaults: Node's own, as they are on Node 20 to 24, so that a program behaves the same on every version and
// with or without Brood. Five seconds of keep-alive are right for browsers that connect directly. A balancer or proxy keeps
// its connections for longer (60 s is usual) and would send a request into one that was just closed, which it answers with
// 502: there, set `keepAliveTimeoutMs` to more than the balancer's idle timeout, 65_000 for 60 s.

import { badOption } from "@brood/core/errors";
import { integerOption, objectOption } from "@brood/core/options";

export interface HttpServerConfig {
  /** 0...86_400_000, default 5_000: how long an idle connection is kept for its next request; 0 for ever. Behind a balancer:
   *  longer than its own idle timeout. */
  readonly keepAliveTimeoutMs?: number;
  /** 0...86_400_000, default 60_000, never more than `requestTimeoutMs`: the head of a request must be there by then, else
   *  408; 0 for no limit. */
  readonly headersTimeoutMs?: number;
  /** 0...86_400_000, default 300_000: a whole request must be there by then, else 408; 0 for no limit. */
  readonly requestTimeoutMs?: number;
  /** 1_024...1_048_576: larger heads are answered 431. Default Node's: 16_384, or its flag --max-http-header-size. */
  readonly maxHeaderSizeBytes?: number;
  /** 1...65_535: connections that may wait for a worker to accept them; the kernel's net.core.somaxconn bounds it. Default 511,
   *  or what the application says in `listen()`. Inherited sockets (systemd's Backlog=) keep their own unless it is given. */
  readonly backlog?: number;
}

/** What was given, checked. */
export type HttpServerOptions = HttpServerConfig;

const DAY_MS = 86_400_000;
const REQUEST_TIMEOUT_MS = 300_000;
const HEADERS_TIMEOUT_MS = 60_000;
/** Node's own; a shorter limit is looked after more often. */
const CHECK_EVERY_MS = 30_000;
const CHECK_OFTEN_MS = 100;

/** [least, most] */
const RANGES: Readonly<Record<keyof HttpServerConfig, readonly [number, number]>> = {
  keepAliveTimeoutMs: [0, DAY_MS],
  headersTimeoutMs: [0, DAY_MS],
  requestTimeoutMs: [0, DAY_MS],
  maxHeaderSizeBytes: [1_024, 1_048_576],
  backlog: [1, 65_535],
};

const KEYS: readonly (keyof HttpServerConfig)[] = [
  "keepAliveTimeoutMs",
  "headersTimeoutMs",
  "requestTimeoutMs",
  "maxHeaderSizeBytes",
  "backlog",
];

/** @throws PoolError BROOD_BAD_OPTION naming `server.<option>` */
export function readHttpServerOptions(config: HttpServerConfig = {}): HttpServerOptions {
  objectOption("server", config, KEYS);
  const given = KEYS.filter((key) => config[key] !== undefined);
  const options: HttpServerOptions = Object.fromEntries(
    given.map((key) => [key, integerOption(`server.${key}`, config[key], ...RANGES[key], 0)]),
  );
  const { headersTimeoutMs = 0, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  if (requestTimeoutMs > 0 && headersTimeoutMs > requestTimeoutMs) {
    const accepted = `at most server.requestTimeoutMs (${requestTimeoutMs}), which counts from the same moment`;
    throw badOption("server.headersTimeoutMs", headersTimeoutMs, accepted);
  }
  return options;
}

/** The properties of `http.Server` that stand for these options; only those that are set. */
export interface HttpServerLimits {
  readonly keepAliveTimeout?: number;
  readonly headersTimeout?: number;
  readonly requestTimeout?: number;
  readonly maxHeaderSize?: number;
  readonly connectionsCheckingInterval?: number;
}

/** For a server that Brood makes. */
export function limitsWithDefaults(given: HttpServerOptions): HttpServerLimits {
  const { keepAliveTimeoutMs = 5_000, requestTimeoutMs = REQUEST_TIMEOUT_MS } = given;
  const headersMost =
    requestTimeoutMs === 0 ? HEADERS_TIMEOUT_MS : Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs);
  return limitsOf({ headersTimeoutMs: headersMost, ...given, keepAliveTimeoutMs, requestTimeoutMs });
}

/** For a server that the application made. */
export function limitsOf(given: HttpServerOptions): HttpServerLimits {
  const { keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs, maxHeaderSizeBytes } = given;
  const timeouts = [headersTimeoutMs ?? 0, requestTimeoutMs ?? 0].filter((each) => each > 0);
  return {
    ...(keepAliveTimeoutMs !== undefined && { keepAliveTimeout: keepAliveTimeoutMs }),
    ...(headersTimeoutMs !== undefined && { headersTimeout: headersTimeoutMs }),
    ...(requestTimeoutMs !== undefined && { requestTimeout: requestTimeoutMs }),
    ...(maxHeaderSizeBytes !== undefined && { maxHeaderSize: maxHeaderSizeBytes }),
    // A late 408 is late by half of the limit at the most.
    ...(timeouts.length > 0 && {
      connectionsCheckingInterval: between(CHECK_OFTEN_MS, Math.min(...timeouts) / 2, CHECK_EVERY_MS),
    }),
  };
}

function between(least: number, wanted: number, most: number): number {
  return Math.max(least, Math.min(most, Math.ceil(wanted)));
}
