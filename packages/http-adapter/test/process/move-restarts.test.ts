// G68: connections that clients keep go on through restarts, over every handoff, runtime and way to spawn.

import { join } from "node:path";
import type { ServeConfig } from "@brood/http-adapter";
import { describe, expect, it } from "vitest";
import { testFolder } from "../support/brood-server.ts";
import { type KeptClient, keepTo } from "../support/kept-client.ts";
import { serving } from "../support/serving.ts";
import { slowLink } from "../support/slow-link.ts";
import { rowsOf } from "../support/spawn.ts";
import { within } from "../support/within.ts";

type Row = readonly [name: string, config: Partial<ServeConfig>, restarts: number];

/** Longer than any test: only the server's own doing closes a connection. */
const APP = `import http from "node:http";
export default http.createServer({ keepAliveTimeout: 600_000 }, (request, response) => response.end("1"));`;

/** Twenty with BROOD_TEST_ROWS=all, as `pnpm test:nodes` has it. */
const RESTARTS = process.env["BROOD_TEST_ROWS"] === "all" ? 20 : 5;

const HANDOFFS = ["listener", "reuseport", "connection"] as const;
const WORKERS = [
  ["processes", { runtime: "process", spawn: "fresh" }],
  ["threads", { runtime: "thread", spawn: "fresh" }],
  ["forked processes", { runtime: "process", spawn: "template" }],
] as const;
const ALL: readonly Row[] = WORKERS.flatMap(([name, workers]) =>
  HANDOFFS.map((handoff): Row => {
    const restarts = name === "processes" && handoff === "listener" ? RESTARTS : 3;
    return [`${name}, ${handoff}`, { ...workers, handoff }, restarts];
  }),
);

/** Each handoff and each kind of worker is among them. */
const SHORT = ["processes, listener", "threads, connection", "forked processes, reuseport"];

const ROWS = rowsOf(
  ALL,
  ([name]) => SHORT.includes(name),
  ALL.map(([name]) => name)
    .filter((name) => !SHORT.includes(name))
    .join("; "),
);

/** A loaded machine boots slowly. */
const TIMEOUT_MS = 240_000;

describe("G68: a kept connection", () => {
  it.each(ROWS)(
    "goes on through restarts, answered by the new generation as soon as each has completed: %s",
    async (_, config, restarts) => {
      const folder = await testFolder();
      const isTcpOnly = config.handoff === "reuseport";
      const listen = ["127.0.0.1:0", ...(isTcpOnly ? [] : [`unix:${join(folder, "s.sock")}`])];
      const { server } = await serving([APP], {
        ...config,
        listen,
        workers: 2,
        minHealthyMs: 0,
        exposeGeneration: true,
      });
      const clients = await Promise.all(
        server.addresses.flatMap((address) => [keepTo(address), keepTo(address), keepTo(address)]),
      );
      let isOver = false;
      const talks = clients.slice(1).map(async (client) => {
        while (!isOver) expect(await client.ask()).toMatchObject({ status: 200, body: "1" });
      });
      const rolls: unknown[] = [];
      // One stays silent but for the one request after each restart.
      for (let restart = 1; restart <= restarts; restart += 1) {
        const roll = await within("the roll", server.restart(), undefined, 60_000);
        rolls.push([roll.result, roll.killed, roll.moved >= clients.length]);
        expect((await clients[0]?.ask())?.generation).toBe(restart + 1);
      }
      isOver = true;
      await Promise.all(talks);
      for (const client of clients) expect((await client.ask()).generation).toBe(restarts + 1);
      expect(rolls).toEqual(rolls.map(() => ["completed", 0, true]));
      expect(clients.map(({ ending }) => ending)).toEqual(clients.map(() => null));
      expect(server.stats().counters.moved).toBeGreaterThanOrEqual(restarts * clients.length);
    },
    TIMEOUT_MS,
  );

  it(
    "of 150 over a link of 80 ms, with pauses of up to 2 s, none is lost and none is closed in six restarts",
    async () => {
      const { server } = await serving([APP], { minHealthyMs: 0, exposeGeneration: true });
      const port = await slowLink(Number(new URL(server.addresses[0] ?? "").port), 40);
      const clients = await Promise.all(Array.from({ length: 150 }, () => keepTo(port)));
      let isOver = false;
      const talk = async (client: KeptClient): Promise<void> => {
        while (!isOver) {
          expect((await client.ask()).status).toBe(200);
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 2_000));
        }
      };
      const talks = Promise.all(clients.map(talk));
      for (let restart = 1; restart <= 6; restart += 1)
        expect(await server.restart()).toMatchObject({ result: "completed", killed: 0 });
      isOver = true;
      await talks;
      expect(clients.filter(({ ending }) => ending !== null)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
