// Whatever comes in at the control socket is answered, or its connection is closed, and nothing of it ends the supervisor:
// an unhandled rejection or an exception would fail this file. First what was seen to break something, then random requests.
// `pnpm fuzz:control --seconds n --seed n` goes on for longer; a failure prints the seed and the bytes.

import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PoolError, type ServiceStats } from "@brood/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ControlServer, openControlServer } from "../../src/control/server.ts";
import type { ControlTarget } from "../../src/control/target.ts";
import { within } from "../support/within.ts";

const SECONDS = Number(process.env["FUZZ_SECONDS"] ?? 2);
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);

/** Does what is asked, or fails as a server may, or gives what no JSON can say. */
class Moody extends EventEmitter {
  mood = "good";

  stats(): ServiceStats {
    if (this.mood === "throws") throw new TypeError("no stats");
    return { desired: 4, ready: 4, ...(this.mood === "odd" && { odd: 1n }) } as unknown as ServiceStats;
  }
  async freshStats(): Promise<ServiceStats> {
    return this.stats();
  }
  restart(): Promise<unknown> {
    return this.#answer({ result: "completed" });
  }
  scale(): Promise<unknown> {
    return this.#answer(undefined);
  }
  stop(): Promise<unknown> {
    return this.#answer(undefined);
  }
  #answer(value: unknown): Promise<unknown> {
    if (this.mood === "throws") throw new Error("at once");
    if (this.mood === "rejects") return Promise.reject(null);
    return this.mood === "odd"
      ? Promise.reject(new PoolError("BROOD_CLOSED", "odd", { details: { odd: 1n } }))
      : Promise.resolve(value);
  }
}

describe("the control socket's border", () => {
  let folder = "";
  let path = "";
  let server: ControlServer | null = null;
  const target = new Moody();

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "brood-border-"));
    path = join(folder, "c.sock");
    target.mood = "good";
    server = await openControlServer(path, false);
    server.attach(target as unknown as ControlTarget);
  });

  afterEach(async () => {
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  /** All that comes back to these bytes until the connection is closed. */
  function exchange(bytes: Buffer, isHalfOpen = false): Promise<string> {
    return new Promise((resolve) => {
      const socket = net.connect({ path, allowHalfOpen: true });
      let text = "";
      socket.setEncoding("latin1").on("data", (chunk: string) => {
        text += chunk;
        // An event stream never ends by itself.
        if (text.includes("text/event-stream")) socket.destroy();
      });
      socket.on("error", () => undefined).once("close", () => resolve(text));
      socket.on("end", () => socket.destroy());
      socket.write(bytes, () => void (isHalfOpen || socket.end()));
    });
  }

  const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);

  const head = (line: string, more = ""): string => `${line} HTTP/1.1\r\nHost: brood\r\n${more}\r\n`;
  const post = (route: string, body: string, length = Buffer.byteLength(body)): string =>
    `${head(`POST ${route}`, `Content-Length: ${length}\r\n`)}${body}`;

  const ROWS: readonly (readonly [status: number, text: string])[] = [
    [404, head("GET //")],
    [404, head("GET //[")],
    [404, head("GET ///stats")],
    [404, head("GET /%")],
    [404, head("GET /stats/../nothing")],
    [404, head("GET http://brood/nothing")],
    [400, head("GET http://[")],
    [400, head("GET stats")],
    [400, head("OPTIONS *")],
    [405, head("CONNECT brood:80")],
    [405, head("DELETE /stats")],
    [405, head("HEAD /stats")],
    [405, head("GET /stop")],
    [400, head("BREW /stats")],
    [400, "\r\n\r\nnonsense\r\n\r\n"],
    [400, head("GET /stats", "Content-Length: many\r\n")],
    [400, head("GET /stats", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")],
    [431, head(`GET /${"a".repeat(100_000)}`)],
    [431, head("GET /stats", `x: ${"a".repeat(100_000)}\r\n`)],
    [417, head("POST /scale", "Expect: a miracle\r\n")],
    [400, post("/scale", "null")],
    [400, post("/scale", "[1]")],
    [400, post("/scale", '{"workers":{}}')],
    [400, post("/scale", '{"__proto__":{"workers":2}}')],
    [400, post("/scale", "x".repeat(17_000))],
    [400, post("/restart", '{"to":[]}')],
    [400, post("/restart", '{"from":1}')],
    [400, post("/restart?wait=%ff", "")],
    [400, post("/stop?now=perhaps", "")],
    [400, head("POST /scale", "Transfer-Encoding: chunked\r\n").concat("zz\r\n")],
  ];

  it.each(ROWS.map(([status, text]) => [status, JSON.stringify(text).slice(0, 70), text] as const))(
    "answers %i to %s",
    async (status, _, text) => {
      const answer = await within("an answer", exchange(Buffer.from(text, "latin1"), true));
      expect(statusOf(answer), answer).toBe(status);
      expect(statusOf(await exchange(Buffer.from(head("GET /stats", "Connection: close\r\n"))))).toBe(200);
    },
  );

  it.each(["throws", "rejects", "odd"])("answers what a server that %s can be asked", async (mood) => {
    for (const text of [head("GET /stats"), head("GET /metrics"), post("/restart", ""), post("/stop", "")]) {
      target.mood = mood;
      await within("an end", exchange(Buffer.from(text), true));
      target.mood = "good";
    }
    expect(statusOf(await exchange(Buffer.from(head("GET /stats"))))).toBe(200);
  });

  it(
    `lives through ${SECONDS} s of random requests (seed ${SEED})`,
    async () => {
      const random = randomOf(SEED);
      const endAtMs = performance.now() + SECONDS * 1_000;
      let count = 0;
      while (performance.now() < endAtMs) {
        target.mood = random.one(["good", "good", "good", "throws", "rejects", "odd"]);
        const bytes = request(random);
        const isHalfOpen = random.below(4) === 0 && bytes.includes("\r\n\r\n");
        const what = `an end of request ${count} of seed ${SEED}: ${JSON.stringify(bytes.toString("latin1"))}`;
        const text = await within(what, exchange(bytes, isHalfOpen), undefined, 25_000);
        expect(text === "" || statusOf(text) > 0, what).toBe(true);
        count += 1;
        if (random.below(50) === 0)
          target.emit("roll:progress", { at: count, odd: random.one([1, "x", null]) });
      }
      target.mood = "good";
      expect(statusOf(await exchange(Buffer.from(head("GET /stats"))))).toBe(200);
      console.log(`fuzz:control: ${count} requests, seed ${SEED}, all answered or closed`);
      expect(count).toBeGreaterThan(SECONDS);
    },
    SECONDS * 1_000 + 30_000,
  );
});

interface Random {
  below(limit: number): number;
  one<Value>(values: readonly Value[]): Value;
}

/** mulberry32: the same requests for the same seed. */
function randomOf(seed: number): Random {
  let state = seed;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  return { below, one: (values) => values[below(values.length)] as (typeof values)[number] };
}

const METHODS = ["GET", "POST", "PUT", "HEAD", "CONNECT", "OPTIONS", "PRI", "get", "", "M-SEARCH"];
const ROUTES = [
  "/stats",
  "/metrics",
  "/restart",
  "/scale",
  "/stop",
  "/events",
  "/",
  "*",
  "//",
  "http://x/stats",
];
const QUERIES = [
  "",
  "?wait=false",
  "?now",
  "?now=true",
  "?wait=",
  "?%",
  "?wait=false&wait=1",
  "#x",
  "?\u00ff",
];
const HEADERS = [
  "Host: brood",
  "Content-Length: 5",
  "Content-Length: -1",
  "Transfer-Encoding: chunked",
  "Expect: 100-continue",
  "Upgrade: websocket\r\nConnection: upgrade",
  "Connection: close",
  "Content-Type: application/json",
  ": empty",
  "X: \u0000",
];
const BODIES = [
  "",
  "{}",
  "null",
  '{"to":2}',
  '{"to":"x"}',
  '{"workers":"+1"}',
  '{"workers":1e99}',
  "[",
  '5\r\n{"to"\r\n0\r\n\r\n',
];

/** A request that is more or less in order, and sometimes changed anywhere. */
function request(random: Random): Buffer {
  const headers = Array.from({ length: random.below(4) }, () => `${random.one(HEADERS)}\r\n`).join("");
  const body = random.one(BODIES);
  const length = random.below(2) === 0 ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : "";
  const line = `${random.one(METHODS)} ${random.one(ROUTES)}${random.one(QUERIES)} HTTP/1.${random.below(3)}\r\n`;
  const bytes = Buffer.from(`${line}Host: brood\r\n${length}${headers}\r\n${body}`, "latin1");
  for (let change = random.below(4) === 0 ? 1 + random.below(5) : 0; change > 0; change--)
    bytes[random.below(bytes.length)] = random.below(256);
  return random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}
