// A load client that shows which version answers while a server deploys. It asks from several clients, without a break unless
// told, and keeps for every answer which version gave it and when its request was sent: "sent", because a request
// that was out before the deploy ended may rightly be answered by old code, and one sent after it may not.

import { integerOption } from "@brood/core/options";
import type { AskerOrder } from "./asker.ts";
import { Client, type ClientOrder } from "./client.ts";
import { ConnectionCounts } from "./connections.ts";
import { HttpAsker } from "./http-asker.ts";
import { probeSettings, type VersionProbeOptions } from "./options.ts";
import type { ProbeReport, ProbeSnapshot } from "./report.ts";
import { slowLink } from "./slow-link.ts";
import { Tally } from "./tally.ts";
import { Turnstile } from "./turnstile.ts";
import { wallClockMs } from "./wall-clock.ts";
import { webSocketAskers } from "./web-socket-asker.ts";

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

/**
 * Starts to ask. Resolves when each client has had its first answer or error, so that what follows happens under load.
 * @throws PoolError BROOD_BAD_OPTION, as a rejection; a server that does not answer is no exception but a counted error.
 */
export async function versionProbe(options: VersionProbeOptions): Promise<Probe> {
  const settings = probeSettings(options);
  const { target, latencyMs, newConnections, keepAliveHints, headers, timeoutMs } = settings;
  const askerOf = settings.webSocket ? await webSocketAskers() : (order: AskerOrder) => new HttpAsker(order);
  const link = latencyMs === 0 ? null : await slowLink(target, latencyMs);
  const counts = new ConnectionCounts();
  const tally = new Tally(settings.versionOf, counts);
  const turnstile = new Turnstile();
  const record: ClientOrder["record"] = (outcome, sentAtMs, tookMs) => {
    const isGood = tally.record(outcome, sentAtMs, tookMs);
    turnstile.pass(sentAtMs);
    return isGood;
  };
  const order = {
    target: link?.target ?? target,
    link,
    newConnections,
    keepAliveHints,
    headers,
    timeoutMs,
    counts,
  };
  const clients: Client[] = [];
  const first = Array.from({ length: settings.clients }, (_, number) => {
    const random = settings.random.fork();
    const thinkMs = (): number => settings.thinkMs(random);
    const next: ClientOrder["next"] = (turn) => settings.requestOf(turn, number);
    return new Promise<void>((onFirst) =>
      clients.push(new Client({ asker: askerOf(order), next, thinkMs, record }, onFirst)),
    );
  });
  await Promise.all(first);

  let stopped: Promise<ProbeReport> | undefined;
  const end = async (): Promise<ProbeReport> => {
    turnstile.close();
    await Promise.all(clients.map((client) => client.stop()));
    await link?.close();
    return tally.report();
  };
  const stop = (): Promise<ProbeReport> => {
    stopped ??= end();
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
