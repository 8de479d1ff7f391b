// Scripts written for PM2 or node:cluster, unchanged, with the command as a user runs it and in both runtimes.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { versionProbe } from "@brood/testing";
import { describe, expect, it } from "vitest";
import { type BroodServer, brood, startBrood, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { runtimes, SPAWN, whereFresh } from "../support/spawn.ts";
import { within } from "../support/within.ts";

/** Listens at once, and says that it is ready when its database is. */
const PM2_READY = `
const http = require("node:http");
const started = Date.now();
let isConnected = false;
http.createServer((request, response) => response.end(String(isConnected))).listen(process.env.PORT || 3000, () => {
  setTimeout(() => {
    isConnected = true;
    process.send("ready");
  }, 300);
});`;

/** PM2's own example of a graceful end by message, and by signal: an error of close() would be exit code 1. */
const pm2Shutdown = (listen: string): string => `
const server = require("node:http").createServer((request, response) => {
  if (request.url === "/slow") {
    console.log("slow began");
    setTimeout(() => response.end("slow"), 1_000);
  }
  else response.end("hello " + process.env.NODE_APP_INSTANCE);
}).listen(3000);
function end() {
  console.log("ending");
  server.close((error) => {
    console.log("ended", error ?? "well");
    process.exit(error ? 1 : 0);
  });
}
${listen}`;

const ENDINGS = [
  ["the message shutdown", `process.on("message", (message) => { if (message === "shutdown") end(); });`],
  ["SIGTERM", `process.on("SIGTERM", end);`],
  ["SIGINT", `process.on("SIGINT", end);`],
] as const;

/** A template may not hold a socket, so there the second port is left out. */
const clusterScript = (second: string): string => `
import cluster from "node:cluster";
import { isPrimary } from "node:cluster";
import http from "node:http";
import os from "node:os";
if (isPrimary || cluster.isPrimary) {
  console.log("primary");
  for (let index = 0; index < os.availableParallelism(); index += 1) cluster.fork();
  cluster.on("exit", () => cluster.fork());
} else {
  http.createServer((request, response) => response.end("worker " + cluster.worker.id)).listen(8000);
  ${second}
}`;

const SECOND_PORT = `
  http.createServer((request, response) => response.end("metrics")).listen(0, "localhost", function listening() {
    console.log("metrics on", this.address().port);
  });`;

/** Ends as it would alone: nothing keeps it alive after its last job. */
const PM2_NATURAL_END = `
const server = require("node:http").createServer((request, response) => response.end("hello")).listen(3000);
process.once("SIGTERM", () => {
  server.close();
  setTimeout(() => console.log("last job done"), 200);
});`;

async function start(entry: string, text: string, ...args: readonly string[]): Promise<BroodServer> {
  const folder = await testFolder({ [entry]: text });
  const files = ["--stdout", "out.log", "--min-healthy", "0", "-l", "127.0.0.1:0", "-w", "2"];
  return startBrood(folder, entry, ...files, ...args);
}

function printed(server: BroodServer): Promise<string> {
  return fs.readFile(join(server.pidfile, "../out.log"), "utf8");
}

async function ask(server: BroodServer, path = "/"): Promise<string> {
  const url = `http://${(server.addresses[0] ?? "").replace("tcp://", "")}${path}`;
  return (await fetch(url, { headers: { connection: "close" } })).text();
}

describe.each(runtimes())("a script for PM2, runtime %s", (runtime) => {
  it("with wait_ready: serves when it says so, and a roll goes on only then", async () => {
    const server = await start("server.cjs", PM2_READY, "--runtime", runtime, "--wait-ready");
    const versionOf = (answer: { readonly body: string }): string => answer.body;
    expect(await ask(server)).toBe("true");
    const { workers } = await server.stats();
    for (const { readyAfterMs } of workers) expect(readyAfterMs).toBeGreaterThan(300);
    const probe = await versionProbe({
      target: server.addresses[0] ?? "",
      clients: 2,
      newConnections: true,
      pauseMs: 5,
      versionOf,
    });
    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    expect((await probe.stop()).errorsByKind).toEqual({});
  });

  it("with wait_ready: one that never says so fails the start, by the boot timeout", async () => {
    const folder = await testFolder({
      "server.cjs": `require("node:http").createServer(() => {}).listen(3000);`,
    });
    const args = ["-w", "1", "-l", "127.0.0.1:0", "--boot-timeout", "1500", "--control", "c.sock"];
    const end = await brood(
      ["server.cjs", "--runtime", runtime, "--spawn", SPAWN, "--wait-ready", ...args],
      folder,
    );
    expect(end.exitCode).not.toBe(0);
    expect(end.stderr).toContain("did not report ready within 1500 ms");
  });

  it.each(ENDINGS)(
    "that ends itself by %s: told after the last answer, and its close() is no error",
    async (_, listen) => {
      const server = await start("server.cjs", pm2Shutdown(listen), "--runtime", runtime);
      expect(await ask(server)).toMatch(/^hello [01]$/);
      const slow = ask(server, "/slow");
      const isTaken = async (): Promise<boolean> => (await printed(server)).includes("slow began");
      await within("the request", seen(isTaken));
      expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
      expect(await slow).toBe("slow");
      const { counters } = await server.stats();
      expect(counters).toMatchObject({ exited: 2, crashed: 0, killed: 0 });
      const lines = (await printed(server)).trim().split("\n");
      expect(lines.filter((line) => line === "ending")).toHaveLength(2);
      expect(lines.filter((line) => line === "ended well")).toHaveLength(2);
    },
  );
});

const OWN_ROW = "these have a row of their own for it in the project `process`";
const NATURAL_ENDS = [
  ["--runtime", "process"],
  ["--runtime", "thread"],
  ["--spawn", "template"],
] as const;

describe.each(whereFresh(NATURAL_ENDS, [], OWN_ROW))(
  "a script that ends when it has nothing more to do, %s %s",
  (...how) => {
    it("is waited for until its last job is done", async () => {
      const server = await start("server.cjs", PM2_NATURAL_END, ...how);
      expect(await ask(server)).toBe("hello");
      expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
      const lines = (await printed(server)).trim().split("\n");
      expect(lines).toEqual(["last job done", "last job done"]);
      const ends = server.log().match(/worker:exited .*/g) ?? [];
      expect(ends).toEqual(["worker:exited exitCode=0", "worker:exited exitCode=0"]);
      const { lastRoll } = await server.stats();
      expect(lastRoll).toMatchObject({ result: "completed", killed: 0 });
    });
  },
);

const CLUSTERS = [
  ["--runtime", "process", SECOND_PORT],
  ["--runtime", "thread", SECOND_PORT],
  ["--spawn", "template", ""],
] as const;

describe.each(whereFresh(CLUSTERS, [], OWN_ROW))(
  "a script for node:cluster, %s %s",
  (option, value, second) => {
    it("runs as a cluster worker: its primary's branch does not run, and it is told so once", async () => {
      const server = await start("server.mjs", clusterScript(second), option, value);
      expect(await ask(server)).toMatch(/^worker [12]$/);
      expect(await printed(server)).not.toContain("primary");
      expect(server.log().match(/Brood is its primary/g)).toHaveLength(1);
      const port = /metrics on (\d+)/.exec(await printed(server))?.[1];
      if (second !== "") expect(await (await fetch(`http://localhost:${port}/`)).text()).toBe("metrics");
      expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    });
  },
);

describe("cluster.fork() from somewhere else than the entry", () => {
  it("is refused, with what to do", async () => {
    const folder = await testFolder({
      "boot.mjs": `import cluster from "node:cluster"; cluster.fork();`,
      "server.mjs": `import "./boot.mjs";`,
    });
    const end = await brood(
      ["server.mjs", "-w", "1", "--spawn", SPAWN, "-l", "127.0.0.1:0", "--control", "c.sock"],
      folder,
    );
    expect(end.exitCode).toBe(1);
    expect(end.stderr).toContain("cluster.fork() in a Brood worker: Brood starts the workers itself");
  });
});
