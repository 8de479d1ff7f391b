// Requests at a fixed rate, whatever becomes of them: a server that stalls gets more of them, not fewer. Half come over new
// connections, half over kept ones. Of each is kept when it was sent, when it ended, and which generation answered.
// None is sent right after this process itself stood still: what was answered, and that the server has closed a connection
// since, is there to be read, and a request over such a connection is reset. The client's own delay would look like a
// fault of the server. For the same reason none queues for a connection: it would get one right after an answer.

import { Agent, request } from "node:http";

export interface Sent {
  readonly sentAtMs: number;
  readonly endedAtMs: number;
  /** Of `x-brood-generation`; null without an answer. */
  readonly generation: number | null;
  /** A code of Node or `status-503`; null for a good answer. */
  readonly error: string | null;
}

export interface Load {
  readonly requests: number;
  /** Resolves when every request has ended. */
  stop(): Promise<void>;
}

const TICK_MS = 10;
/** A loop that did not turn for so long has to poll before anything is sent. */
const STALL_MS = 50;
/** Longer than the server's own deadlines, so that only what nobody answers runs into it. */
const TIMEOUT_MS = 20_000;

/** @param url  of the server  @param perSecond  100 or more are spread evenly */
export function startLoad(url: string, perSecond: number, ended: (sent: Sent) => void): Load {
  const kept = new Agent({ keepAlive: true, maxFreeSockets: 16 });
  const fresh = new Agent({ keepAlive: false });
  const pending = new Set<Promise<void>>();
  const startedAtMs = performance.now();
  let requests = 0;
  const send = (): void => {
    requests += 1;
    const asked = ask(url, requests % 2 === 0 ? kept : fresh).then((sent) => {
      pending.delete(asked);
      ended(sent);
    });
    pending.add(asked);
  };
  let isStopped = false;
  let tickedAtMs = startedAtMs;
  const sendDue = (): void => {
    const nowMs = performance.now();
    const due = ((nowMs - startedAtMs) / 1_000) * perSecond;
    while (!isStopped && nowMs - tickedAtMs < STALL_MS && requests < due) send();
  };
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const hasStalled = nowMs - tickedAtMs >= STALL_MS;
    tickedAtMs = nowMs;
    if (!hasStalled) setImmediate(sendDue);
  }, TICK_MS);
  return {
    get requests() {
      return requests;
    },
    async stop() {
      clearInterval(timer);
      isStopped = true;
      await Promise.all(pending);
      kept.destroy();
      fresh.destroy();
    },
  };
}

function ask(url: string, agent: Agent): Promise<Sent> {
  const sentAtMs = performance.now();
  return new Promise((resolve) => {
    let generation: number | null = null;
    const end = (error: string | null): void =>
      resolve({ sentAtMs, endedAtMs: performance.now(), generation, error });
    const sent = request(url, { agent, timeout: TIMEOUT_MS }, (response) => {
      const { statusCode = 0, headers } = response;
      generation = Number(headers["x-brood-generation"]);
      response.on("error", (error) => end(codeOf(error)));
      response.on("end", () => end(statusCode === 200 ? null : `status-${statusCode}`)).resume();
    });
    sent.on("timeout", () => sent.destroy(new Error("timeout")));
    // On a connection that was kept, the server may have been about to close it.
    sent.on("error", (error) => end(`${codeOf(error)} ${sent.reusedSocket ? "kept" : "new"} connection`));
    sent.end();
  });
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
