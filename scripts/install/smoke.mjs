// What an installed Brood must do, run inside the project that installed it: the server in each spawn and handoff, with a
// restart, both kinds of pool, a test with @brood/testing, and `require()`. Prints a line for each; exits 1 at the first
// that fails.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { createTaskPool } from "@brood/core";
import { nativeSupport } from "@brood/core/native";
import { testServer } from "@brood/testing";

const require = createRequire(import.meta.url);
const BIN = require.resolve("@brood/http-adapter/package.json").replace("package.json", "bin/brood.js");
const READY = /^brood ready .*\blisten=tcp:\/\/(\S+) control=(\S+)$/;

async function readyLine(server) {
  for await (const text of createInterface({ input: server.stdout })) {
    const match = READY.exec(text);
    if (match !== null) return match;
  }
  throw new Error("the server ended without its ready line");
}

/** A command of Brood's, to its end. */
async function brood(...args) {
  const command = spawn(process.execPath, [...process.execArgv, BIN, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  assert.deepEqual(await once(command, "exit"), [0, null], args.join(" "));
}

async function serves(...options) {
  const args = [BIN, "server.mjs", "-w", "2", "-l", "127.0.0.1:0", "--min-healthy", "0", ...options];
  const server = spawn(process.execPath, [...process.execArgv, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(server, "exit");
  const [, address, control] = await readyLine(server);
  const answer = async () => (await fetch(`http://${address}/`)).text();
  assert.equal(await answer(), "installed");
  await brood("restart", "--control", control);
  assert.equal(await answer(), "installed");
  await brood("stop", "--control", control);
  assert.deepEqual(await ended, [0, null]);
}

async function runs(runtime) {
  const pool = createTaskPool({ filename: new URL("tasks.mjs", import.meta.url), runtime, maxWorkers: 2 });
  assert.deepEqual(await Promise.all([1, 2, 3].map((value) => pool.run(value))), [2, 4, 6]);
  await pool.close();
}

async function isTested() {
  const server = await testServer({ entry: new URL("server.mjs", import.meta.url), workers: 1 });
  try {
    await server.restart();
  } finally {
    await server.stop();
  }
}

const support = nativeSupport();
assert.equal(support.ok, true, support.reason);
const CHECKS = [
  ["the server, fresh", () => serves()],
  ["the server, template", () => serves("--spawn", "template")],
  ["the server, reuseport", () => serves("--handoff", "reuseport")],
  ["the server, connection", () => serves("--handoff", "connection")],
  ["a pool of threads", () => runs("worker_threads")],
  ["a pool of processes", () => runs("child_process")],
  ["a test", isTested],
];
for (const [name, check] of CHECKS) {
  await check();
  console.log(`ok ${name}`);
}
