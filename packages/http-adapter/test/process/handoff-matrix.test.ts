// Nothing dropped, for each handoff, runtime and spawn: rolling replacements, growing and shrinking, and killed workers,
// under 48 clients that make a connection for each request. Short by default; HANDOFF_MATRIX=full replaces 100 workers.

import net from "node:net";
import { type Probe, versionProbe } from "@brood/testing";
import { describe, expect, it } from "vitest";
import { type BroodServer, startBroodWith, testFolder } from "../support/brood-server.ts";
import { post } from "../support/control.ts";
import { type HandoffRow, ROWS } from "../support/handoff-rows.ts";
import { listeningOn } from "../support/listening-sockets.ts";
import { seen } from "../support/look.ts";
import { within } from "../support/within.ts";

const isFull = process.env["HANDOFF_MATRIX"] === "full";
const WORKERS = isFull ? 4 : 3;
const ROLLS = isFull ? 25 : 1;
const SIZES = isFull ? [8, 1, 8, 3, 8, 1, 5, 1] : [4, 1];
const CLIENTS = 48;

/** A client of a busy machine may be late with its first request on a connection that a draining worker has accepted. */
const LINGER_MS = "3000";

const APP = `import { createServer } from "node:http";
export default createServer((request, response) => response.end("ok"));
`;

async function start(row: HandoffRow, workers: number): Promise<BroodServer> {
  const folder = await testFolder({ "app.mjs": APP });
  const sizes = ["-w", String(workers), "-l", "127.0.0.1:0"];
  return startBroodWith(row.env, folder, ...sizes, "--min-healthy", "0", "--linger", LINGER_MS, ...row.args);
}

const load = (server: BroodServer): Promise<Probe> =>
  versionProbe({ target: server.addresses[0] ?? "", clients: CLIENTS, newConnections: true });

const portOf = (server: BroodServer): number => Number(new URL(server.addresses[0] ?? "").port);

/** Sends one request on a connection of its own. Settles with the status line. */
function ask(port: number): { readonly connected: Promise<void>; readonly answered: Promise<string> } {
  const socket = net.connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.write("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  const connected = new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  const answered = new Promise<string>((resolve) => {
    socket.once("error", (error) => resolve(error.message));
    socket.once("close", () => resolve(text.split("\r\n", 1)[0] ?? ""));
  });
  return { connected, answered };
}

describe.each(ROWS)("$name", (row) => {
  if (row.skipReason !== null) console.log(`skipped: ${row.name}: ${row.skipReason}`);
  if (!row.areProcesses) console.log(`skipped: ${row.name}: kills (a thread has no pid to be killed by)`);

  it.skipIf(row.skipReason !== null)(
    `E43: ${ROLLS * WORKERS} rolling replacements lose nothing`,
    async () => {
      const server = await start(row, WORKERS);
      const probe = await load(server);
      for (let roll = 0; roll < ROLLS; roll += 1) {
        expect(await post(server.control, "/restart")).toMatchObject({ result: "completed", killed: 0 });
      }
      await probe.more(500);
      expect((await probe.stop()).errorsByKind).toEqual({});
    },
    120_000 + ROLLS * 20_000,
  );

  it.skipIf(row.skipReason !== null)(
    `E44: growing and shrinking (${SIZES.join(", ")}) loses nothing`,
    async () => {
      const server = await start(row, 1);
      const probe = await load(server);
      for (const size of SIZES) {
        await post(server.control, "/scale", { workers: size });
        await probe.more(100);
      }
      if (row.closesSurplus) {
        await within(
          "surplus sockets closed",
          seen(() => listeningOn(portOf(server)) === 1),
          undefined,
          30_000,
        );
      }
      await probe.more(500);
      expect((await probe.stop()).errorsByKind).toEqual({});
      expect(await server.stats()).toMatchObject({ ready: 1, counters: { crashed: 0, killed: 0 } });
    },
    240_000,
  );

  it.skipIf(row.skipReason !== null || !row.areProcesses)(
    "E47, 64: a worker that stands still and is killed loses nothing that it had not begun",
    async () => {
      const server = await start(row, WORKERS);
      const { workers } = await server.stats();
      const victim = workers[1]?.pid ?? -1;
      process.kill(victim, "SIGSTOP");
      const asked = Array.from({ length: 64 }, () => ask(portOf(server)));
      await within("connections", Promise.all(asked.map((each) => each.connected)));
      process.kill(victim, "SIGKILL");
      const answers = await within(
        "answers",
        Promise.all(asked.map((each) => each.answered)),
        undefined,
        30_000,
      );
      expect(answers).toEqual(Array(64).fill("HTTP/1.1 200 OK"));
      expect((await server.stats()).counters.crashed).toBe(1);
    },
    60_000,
  );

  it.skipIf(row.skipReason !== null || !row.areProcesses)(
    "killed workers under load lose at most what they held, and then all is well",
    async () => {
      const server = await start(row, WORKERS);
      const probe = await load(server);
      for (let kill = 0; kill < 3; kill += 1) {
        const { workers } = await server.stats();
        const pid = workers.find(({ state }) => state === "ready")?.pid ?? -1;
        process.kill(pid, "SIGKILL");
        await probe.more(200);
      }
      // Those of the last one arrive while the others go on.
      await probe.more(1_000);
      const { errors } = probe.snapshot();
      expect(errors).toBeLessThanOrEqual(3 * CLIENTS);
      await probe.more(500);
      const report = await probe.stop();
      expect(Object.keys(report.errorsByKind).filter((kind) => kind !== "ECONNRESET")).toEqual([]);
      expect(report.errors.length).toBe(errors);
    },
    60_000,
  );
});
