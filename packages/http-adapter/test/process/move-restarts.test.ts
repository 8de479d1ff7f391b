// G68: connections that clients keep go on through restarts, over every handoff, runtime and way to spawn.

import { join } from "node:path";
import type { ServeConfig } from "@brood/http-adapter";
import { versionProbe } from "@brood/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { testFolder } from "../support/brood-server.ts";
import { keepTo } from "../support/kept-client.ts";
import { app, serving } from "../support/serving.ts";
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
    "of 150 over a link of 80 ms, with pauses of up to 2 s, none is lost and none is closed in six restarts, and no answer is stale",
    async () => {
      const releases = Array.from({ length: 7 }, (_, index) => app(String(index + 1)));
      const { server, entryOf } = await serving(releases, { minHealthyMs: 0 });
      const target = server.addresses[0] ?? "";
      const probe = await versionProbe({ target, clients: 150, latencyMs: 40, thinkMs: [0, 2_000] });
      onTestFinished(async () => void (await probe.stop()));
      const completedAtMs: number[] = [];
      for (let release = 2; release <= releases.length; release += 1) {
        const roll = await server.restart({ to: entryOf(release) });
        completedAtMs.push(probe.mark());
        expect(roll).toMatchObject({ result: "completed", killed: 0 });
        // As many as there are connections: each may still be at its old worker's while it thinks.
        await probe.more(150);
      }
      const { errors, connections, versions } = await probe.stop();
      expect(errors).toEqual([]);
      expect(connections).toEqual({
        ...{ opened: 150, closedByClient: 150 },
        ...{ closedAsAnnounced: 0, closedIdle: 0, closedUnderRequest: 0 },
      });
      expect(versions.map(({ version }) => version)).toEqual(releases.map((_, index) => String(index + 1)));
      for (const [index, atMs] of completedAtMs.entries())
        expect(versions[index]?.lastSentAtMs).toBeLessThan(atMs);
    },
    TIMEOUT_MS,
  );
});
