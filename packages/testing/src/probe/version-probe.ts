// A load client that shows which version answers while a server deploys. It asks from several clients, without a break unless
// told, and keeps for every answer which version gave it and when its request was sent: "sent", because a request
// that was out before the deploy ended may rightly be answered by old code, and one sent after it may not.

import { validateHeaderName, validateHeaderValue } from "node:http";
import { badOption } from "@brood/core";
import { booleanOption, integerOption, objectOption, textOption } from "@brood/core/options";
import { Client, type ClientOrder } from "./client.ts";
import type { ProbeResponse } from "./exchange.ts";
import type { ProbeReport, ProbeSnapshot } from "./report.ts";
import { Tally } from "./tally.ts";
import { parseTarget } from "./target.ts";
import { Turnstile } from "./turnstile.ts";
import { wallClockMs } from "./wall-clock.ts";

export interface VersionProbeOptions {
  /** `http://127.0.0.1:3000/path`, or an address as a server prints it: `tcp://127.0.0.1:3000`, `unix:/run/app.sock`. */
  readonly target: string | URL;
  /** Path to ask for; default the one in `target`, else "/". */
  readonly path?: string;
  /** Requests in flight at the same time, 1...10_000, default 8. */
  readonly clients?: number;
  /** true: a connection for each request. false (default): each client keeps one; a reset on it is counted, never retried. */
  readonly newConnections?: boolean;
  /** Which version gave this answer; default the body, trimmed. If it throws, the answer counts as error "version". */
  readonly versionOf?: (response: ProbeResponse) => string;
  /** 1...3_600_000, default 10_000: from sending to the whole body. */
  readonly requestTimeoutMs?: number;
  /** 0...60_000, default 0: what each client waits between an answer and its next request. As fast as it goes, the probe takes
   *  the cores that the server's new workers need to boot. */
  readonly pauseMs?: number;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A running probe. */
export interface Probe extends AsyncDisposable {
  /** Counts so far, for a progress display. */
  snapshot(): ProbeSnapshot;
  /** Now, for `staleAfter`; finer than `Date.now()`. */
  mark(): number;
  /** Resolves when so many requests (1...1_000_000) that were sent after this call have ended, well or not, so that what the
   *  report says of the time since then is more than nothing. @throws PoolError BROOD_CLOSED when the probe is stopped first. */
  more(requests: number): Promise<void>;
  /** Ends the requests in flight (each has its timeout), closes every socket, reports. Repeated calls give the same report. */
  stop(): Promise<ProbeReport>;
}

const OPTIONS: readonly (keyof VersionProbeOptions)[] = [
  "target",
  "path",
  "clients",
  "newConnections",
  "versionOf",
  "requestTimeoutMs",
  "pauseMs",
  "headers",
];

/**
 * Starts to ask. Resolves when each client has had its first answer or error, so that what follows happens under load.
 * @throws PoolError BROOD_BAD_OPTION, as a rejection; a server that does not answer is no exception but a counted error.
 */
export async function versionProbe(options: VersionProbeOptions): Promise<Probe> {
  objectOption("", options, OPTIONS);
  const target = parseTarget(options.target, textOption("path", options.path));
  const count = integerOption("clients", options.clients, 1, 10_000, 8);
  const newConnections = booleanOption("newConnections", options.newConnections, false);
  const timeoutMs = integerOption("requestTimeoutMs", options.requestTimeoutMs, 1, 3_600_000, 10_000);
  const pauseMs = integerOption("pauseMs", options.pauseMs, 0, 60_000, 0);
  const headers = headersOption(options.headers);
  const { versionOf = (response: ProbeResponse) => response.body.trim() } = options;
  if (typeof versionOf !== "function") throw badOption("versionOf", versionOf, "a function of the answer");

  const tally = new Tally(versionOf);
  const turnstile = new Turnstile();
  const record: ClientOrder["record"] = (outcome, sentAtMs, latencyMs) => {
    const isGood = tally.record(outcome, sentAtMs, latencyMs);
    turnstile.pass(sentAtMs);
    return isGood;
  };
  const order: ClientOrder = { target, newConnections, headers, timeoutMs, pauseMs, record };
  const clients: Client[] = [];
  const first = Array.from(
    { length: count },
    () => new Promise<void>((onFirst) => clients.push(new Client(order, onFirst))),
  );
  await Promise.all(first);

  let stopped: Promise<ProbeReport> | undefined;
  const stop = () => {
    turnstile.close();
    stopped ??= Promise.all(clients.map((client) => client.stop())).then(() => tally.report());
    return stopped;
  };
  return {
    snapshot: () => tally.snapshot(clients.filter((client) => client.isWaiting).length),
    mark: wallClockMs,
    more: async (requests) =>
      turnstile.after(wallClockMs(), integerOption("requests", requests, 1, 1_000_000, 1)),
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

function headersOption(headers: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw badOption(`headers.${name}`, value, "a valid name and value of an HTTP header");
    }
  }
  return headers;
}
