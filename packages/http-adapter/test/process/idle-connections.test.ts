// Ten thousand idle keep-alive connections across a restart: all of them go on, those that ask while their worker drains are
// answered, and the roll does not wait for the silent ones.

import { readFileSync } from "node:fs";
import net from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { startBrood, testFolder } from "../support/brood-server.ts";
import { runtimes } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const WANTED = 10_000;
/** What closes them is the same code in a thread. All of them with BROOD_TEST_ROWS=all. */
const WANTED_OF_THREADS = process.env["BROOD_TEST_ROWS"] === "all" ? WANTED : 2_000;
/** For everything else that this process, and a server of threads, has open. */
const SPARE = 1_000;
/** Of all connections, so many go on asking. */
const TALKERS = 200;
/** Kernel and server take so many new ones at once without a full queue. */
const AT_ONCE = 200;
/** On a busy machine ten thousand connections alone take half a minute. */
const TIMEOUT_MS = 180_000;
const REQUEST = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

const APP = `
import { createServer } from "node:http";
// Far beyond the test: nothing but the server closes a connection.
export default createServer({ keepAliveTimeout: 600_000 }, (request, response) => response.end("answer"));`;

/** One kept connection; every request it sends has to be answered. */
class KeptConnection {
  readonly #socket: net.Socket;
  #asked = 0;
  #answered = 0;
  wasToldToGo = false;
  failure: string | null = null;
  isClosed = false;
  #onAnswer: () => void = () => {};

  constructor(port: number) {
    this.#socket = net.connect(port, "127.0.0.1").setEncoding("latin1");
    this.#socket.on("data", (text: string) => {
      this.#answered += text.split("HTTP/1.1 200").length - 1;
      if (/connection: close/i.test(text)) this.wasToldToGo = true;
      this.#onAnswer();
    });
    this.#socket.on("error", (error) => {
      this.failure ??= error.message;
    });
    this.#socket.on("close", () => {
      this.isClosed = true;
      if (this.#answered < this.#asked) this.failure ??= "closed without an answer";
      this.#onAnswer();
    });
  }

  /** Resolves with the answer, or when the connection has closed. */
  async ask(): Promise<void> {
    if (this.isClosed) return;
    this.#asked += 1;
    this.#socket.write(REQUEST);
    while (this.#answered < this.#asked && !this.isClosed) {
      await new Promise<void>((resolve) => {
        this.#onAnswer = resolve;
      });
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Node raises its soft limit to the hard one by itself. */
function descriptorLimit(): number {
  const hard = /Max open files\s+\S+\s+(\d+)/.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return hard === undefined ? Number.POSITIVE_INFINITY : Number(hard);
}

describe("idle connections", () => {
  it.each(runtimes())(
    "G68: move to the new workers, runtime %s",
    async (runtime) => {
      const wanted = runtime === "process" ? WANTED : WANTED_OF_THREADS;
      const count = Math.min(wanted, descriptorLimit() - SPARE);
      if (wanted < WANTED)
        console.log(`runtime ${runtime}: ${wanted} connections, all ${WANTED} by pnpm test:nodes`);
      if (count < wanted)
        console.log(`only ${count} idle connections: the limit of descriptors is ${descriptorLimit()}`);
      const folder = await testFolder({ "app.mjs": APP });
      const args = ["-w", "4", "-l", "127.0.0.1:0", "--min-healthy", "0", "--drain-timeout", "30000"];
      const server = await startBrood(folder, ...args, "--runtime", runtime);
      const port = Number(new URL(server.addresses[0] ?? "").port);
      const kept: KeptConnection[] = [];
      onTestFinished(() => {
        for (const each of kept) each.destroy();
      });
      while (kept.length < count) {
        const next = Array.from(
          { length: Math.min(AT_ONCE, count - kept.length) },
          () => new KeptConnection(port),
        );
        kept.push(...next);
        await within("answers", Promise.all(next.map((each) => each.ask())), undefined, 60_000);
      }
      const { workers } = await server.stats();
      expect(workers.reduce((sum, { connections }) => sum + connections, 0)).toBe(count);

      let hasRestarted = false;
      const talking = Promise.all(
        kept.slice(0, TALKERS).map(async (each) => {
          while (!hasRestarted && !each.isClosed) await each.ask();
        }),
      );
      expect(await server.command("restart")).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining("replaced=4 killed=0"),
      });
      hasRestarted = true;
      await within("the talkers' last answers", talking, undefined, 60_000);
      await within("an answer to everybody", Promise.all(kept.map((each) => each.ask())), undefined, 60_000);
      expect(kept.flatMap(({ failure }) => failure ?? [])).toEqual([]);
      expect(kept.filter(({ isClosed, wasToldToGo }) => isClosed || wasToldToGo)).toEqual([]);
      const after = await server.stats();
      expect(after.workers.reduce((sum, { connections }) => sum + connections, 0)).toBe(count);
      expect(after).toMatchObject({ lastRoll: { moved: count }, counters: { moved: count } });
    },
    TIMEOUT_MS,
  );
});
