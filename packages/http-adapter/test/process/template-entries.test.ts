// Every kind of entry, unchanged, with workers forked from a template: over TCP and over a unix socket, and again after a
// restart. The same files as in worker-entries.test.ts.

import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Server } from "@brood/http-adapter";
import { describe, expect, it, onTestFinished } from "vitest";
import { startBrood, testFolder } from "../support/brood-server.ts";
import { post } from "../support/control.ts";
import { fetchOver, type Protocol } from "../support/fetch-over.ts";
import { app, serving } from "../support/serving.ts";
import { rowsOf } from "../support/spawn.ts";
import { listenToWorkers } from "../support/told.ts";

const ENTRIES: readonly (readonly [entry: string, protocol: Protocol])[] = [
  ["listener.cjs", "http"],
  ["express.mjs", "http"],
  ["express.cjs", "http"],
  ["fastify.mjs", "http"],
  ["fastify-script.mjs", "http"],
  ["fastify-script.cjs", "http"],
  ["http-server.mjs", "http"],
  ["https-server.mjs", "https"],
  ["http2-server.mjs", "h2c"],
  ["http2-secure.mjs", "h2"],
  ["hono.mjs", "http"],
  ["fetch.mjs", "http"],
  ["hooks.mjs", "http"],
  ["script-late.cjs", "http"],
  ["script-late.mjs", "http"],
  ["script-and-export.cjs", "http"],
  ["script-forever.mjs", "http"],
];

/** The same in an ES module, in CommonJS, or with another framework's name for it. */
const LIKE_OTHERS = [
  ...[
    "express.cjs",
    "fastify-script.cjs",
    "http-server.mjs",
    "http2-server.mjs",
    "hono.mjs",
    "https-server.mjs",
  ],
  ...["script-late.cjs", "fastify.mjs"],
];
const ROWS = rowsOf(ENTRIES, ([entry]) => !LIKE_OTHERS.includes(entry), LIKE_OTHERS.join(", "));

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/apps/${name}`, import.meta.url));

/** `tcp://127.0.0.1:3000` and `unix:/…` as what a client connects to. */
function targetOf(
  address: string,
): { readonly host: string; readonly port: number } | { readonly path: string } {
  if (address.startsWith("unix:")) return { path: address.slice("unix:".length) };
  const { hostname, port } = new URL(address);
  return { host: hostname, port: Number(port) };
}

describe("an entry, unchanged, served by workers forked from a template", () => {
  it.each(ROWS)("%s (%s)", async (entry, protocol) => {
    const folder = await testFolder();
    const server = await startBrood(
      folder,
      fixture(entry),
      ...["--spawn", "template", "-w", "2", "-l", "127.0.0.1:0", "-l", `unix:${join(folder, "app.sock")}`],
      ...["--expose-generation", "--min-healthy", "0", "--warmup-requests", "3"],
    );
    for (const generation of ["1", "2"]) {
      for (const address of server.addresses) {
        const socket = { descriptor: -1, address, target: targetOf(address), close: async () => {} };
        const answer = await fetchOver(protocol, socket, "/where");
        expect(answer).toMatchObject({ status: 200, body: "GET /where" });
        expect(answer.headers).toMatchObject({ "x-brood-generation": generation });
      }
      if (generation === "1")
        expect(await post(server.control, "/restart")).toMatchObject({ result: "completed" });
    }
    expect((await server.stats()).counters).toMatchObject({ fallbacks: 0, crashed: 0, killed: 0 });
    await post(server.control, "/stop");
    expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
  });

  it("has its warm-up requests before it is ready, and one of each in a worker that nobody asks", async () => {
    const told = await listenToWorkers();
    const tell = `
      response.setHeader("x-count", count);
      if (isWorker && request.headers["user-agent"] === "brood-warmup")
        process.getBuiltinModule("node:net").connect(${JSON.stringify(told.path)}).end(path);`;
    const hook = "let isWorker = false; export const onWorkerBoot = () => { isWorker = true; };";
    const { server } = await serving([app("1", tell, hook)], {
      spawn: "template",
      workers: 1,
      warmup: { requests: 3, paths: ["/", "/other"] },
    });
    expect(await told.texts(2)).toEqual(["/", "/other"]);
    expect(await requestsOf(server)).toBe(3 * 2 + 2 + 1);
    expect(server.stats().counters).toMatchObject({ fallbacks: 0 });
  });

  it("has all of them in each fresh worker", async () => {
    const { server } = await serving([app("1", "response.setHeader('x-count', count);")], {
      spawn: "fresh",
      warmup: { requests: 3, paths: ["/", "/other"] },
    });
    expect(await requestsOf(server)).toBe(3 * 2 + 1);
  });

  it("one that has fetched while it loaded ends by itself, though its listener to SIGTERM does not exit", async () => {
    const target = http.createServer((_, response) => response.end("fetched")).listen(0, "127.0.0.1");
    await once(target, "listening");
    onTestFinished(() => void target.close().closeAllConnections());
    const { port } = target.address() as AddressInfo;
    const script = `import http from "node:http";
      const text = await (await fetch("http://127.0.0.1:${port}/")).text();
      process.on("SIGTERM", () => {});
      http.createServer((_, response) => response.end(text)).listen(0);`;
    const { server } = await serving([script], { spawn: "template", workers: 1, drainTimeoutMs: 10_000 });
    const [address = ""] = server.addresses;
    expect(await (await fetch(address.replace("tcp:", "http:"))).text()).toBe("fetched");
    const exits: unknown[] = [];
    server.on("worker:exited", ({ exitCode, signal }) => void exits.push([exitCode, signal]));
    await server.stop();
    expect(exits).toEqual([[0, null]]);
  });

  it("a second port is shared by the workers, also where nothing is held", async () => {
    const folder = await testFolder();
    const args = ["--spawn", "template", "--no-template-hold", "-l", "127.0.0.1:0"];
    const server = await startBrood(folder, fixture("script-metrics.mjs"), ...args);
    const { listeners = [] } = await server.stats();
    const [second] = listeners.filter(({ address }) => !server.addresses.includes(address));
    const answer = await fetch(second?.address.replace("tcp:", "http:") ?? "");
    expect(await answer.text()).toBe("metrics");
  });
});

/** Of the worker that answers, this one included. */
async function requestsOf({ addresses: [address = ""] }: Server): Promise<number> {
  const answer = await fetch(address.replace("tcp:", "http:"));
  return Number(answer.headers.get("x-count"));
}
