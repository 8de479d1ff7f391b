// What clients do meanwhile. New connections at a fixed rate, whatever becomes of them: a server that stalls gets more of them,
// not fewer. And kept connections over a slow link, whose clients think between two requests: a close that they were not
// told of meets a request on its way. Of each request is kept when it was sent, when it ended, and who answered.

import { Client } from "../probe/client.ts";
import { ConnectionCounts, type ProbeConnections } from "../probe/connections.ts";
import type { Outcome } from "../probe/exchange.ts";
import { HttpAsker } from "../probe/http-asker.ts";
import { type SlowLink, slowLink } from "../probe/slow-link.ts";
import { parseTarget, type Target } from "../probe/target.ts";
import { createRandom } from "../simulation/random.ts";

export interface Sent {
  readonly sentAtMs: number;
  readonly endedAtMs: number;
  /** Of `x-brood-generation`; 0 without an answer. */
  readonly generation: number;
  readonly body: string;
  /** A code of Node or `status-503`; null for a good answer. */
  readonly error: string | null;
}

export interface LoadOptions {
  readonly url: string;
  /** Requests a second over new connections; 100 or more are spread evenly. */
  readonly rate: number;
  /** How many connections are kept. */
  readonly kept: number;
  /** Each way, of kept connections. */
  readonly latencyMs: number;
  /** At the most, between two requests of a kept connection. */
  readonly thinkMs: number;
  readonly seed: number;
}

export interface Load {
  /** Resolves when every request has ended: what became of the kept connections. */
  stop(): Promise<ProbeConnections>;
}

const TICK_MS = 10;
/** Longer than the server's own deadlines, so that only what nobody answers runs into it. */
const TIMEOUT_MS = 20_000;

/** Resolves when each kept connection was asked once. */
export async function startLoad(options: LoadOptions, ended: (sent: Sent) => void): Promise<Load> {
  const target = parseTarget(options.url, "/");
  const fresh = startRate(target, options.rate, ended);
  const link = options.latencyMs === 0 ? null : await slowLink(target, options.latencyMs);
  const kept = await startKept(link?.target ?? target, link, options, ended);
  return {
    async stop() {
      const [connections] = await Promise.all([kept.stop(), fresh.stop()]);
      await link?.close();
      return connections;
    },
  };
}

async function startKept(
  target: Target,
  link: SlowLink | null,
  { kept, thinkMs, seed }: LoadOptions,
  ended: (sent: Sent) => void,
): Promise<Load> {
  const counts = new ConnectionCounts();
  const random = createRandom(seed);
  const clients: Client[] = [];
  const asked = Array.from({ length: kept }, () => {
    const asker = askerOf(target, link, false, counts);
    const own = random.fork();
    const record = (outcome: Outcome, _: number, latencyMs: number): boolean => {
      const sent = sentOf(outcome, performance.now() - latencyMs, "kept");
      ended(sent);
      return sent.error === null;
    };
    const order = { asker, next: () => ({}), thinkMs: () => own.durationMs(0, thinkMs), record };
    return new Promise<void>((onFirst) => clients.push(new Client(order, onFirst)));
  });
  await Promise.all(asked);
  return {
    async stop() {
      await Promise.all(clients.map((client) => client.stop()));
      return counts.snapshot();
    },
  };
}

function startRate(
  target: Target,
  perSecond: number,
  ended: (sent: Sent) => void,
): { stop(): Promise<void> } {
  const pending = new Set<Promise<void>>();
  const startedAtMs = performance.now();
  let requests = 0;
  const ask = async (): Promise<void> => {
    const asker = askerOf(target, null, true, new ConnectionCounts());
    const sentAtMs = performance.now();
    ended(sentOf(await asker.ask({}), sentAtMs, "new"));
    await asker.close();
  };
  const timer = setInterval(() => {
    const due = ((performance.now() - startedAtMs) / 1_000) * perSecond;
    for (; requests < due; requests += 1) {
      const asked = ask().finally(() => pending.delete(asked));
      pending.add(asked);
    }
  }, TICK_MS);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
    },
  };
}

function askerOf(
  target: Target,
  link: SlowLink | null,
  newConnections: boolean,
  counts: ConnectionCounts,
): HttpAsker {
  const order = { target, link, newConnections, counts, headers: {}, timeoutMs: TIMEOUT_MS };
  return new HttpAsker({ ...order, keepAliveHints: "obey" });
}

function sentOf(outcome: Outcome, sentAtMs: number, connection: "kept" | "new"): Sent {
  const times = { sentAtMs, endedAtMs: performance.now() };
  if ("failure" in outcome) {
    const { kind, lost = "" } = outcome.failure;
    return { ...times, generation: 0, body: "", error: `${kind} ${lost} ${connection} connection` };
  }
  const { status, headers, body } = outcome.response;
  const error = status === 200 ? null : `status-${status} ${connection} connection`;
  return { ...times, generation: Number(headers["x-brood-generation"]), body, error };
}
