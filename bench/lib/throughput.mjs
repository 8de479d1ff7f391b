// The load generators: wrk where it is installed, for it takes a quarter of the CPU, else autocannon, which is always
// there. In a process of its own either way.

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { run } from "./child.mjs";

/** @typedef {{ name: "wrk" | "autocannon" }} Client */

/** @param {string | undefined} wanted @returns {Client} */
export function client(wanted) {
  if (wanted === "wrk" || wanted === "autocannon") return { name: wanted };
  if (wanted !== undefined) throw new Error(`--client ${wanted}: expected wrk or autocannon`);
  return { name: spawnSync("wrk", ["-v"]).error === undefined ? "wrk" : "autocannon" };
}

/**
 * As fast as it goes.
 * @param {Client} tool
 * @param {string} target
 * @param {{ connections: number, seconds: number, keepAlive?: boolean }} load
 */
export async function throughput(tool, target, { connections, seconds, keepAlive = true }) {
  // The server closes then, and the client connects anew.
  const headers = keepAlive ? [] : ["-H", "Connection: close"];
  return tool.name === "wrk"
    ? wrk(target, connections, seconds, headers)
    : autocannon(target, connections, seconds, headers);
}

async function wrk(
  /** @type {string} */ target,
  /** @type {number} */ connections,
  /** @type {number} */ seconds,
  /** @type {readonly string[]} */ headers,
) {
  const out = await run("wrk", [...headers, "-t1", `-c${connections}`, `-d${seconds}s`, "--latency", target]);
  const number = (/** @type {RegExp} */ pattern) => Number(pattern.exec(out)?.[1] ?? 0);
  const [, p99, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(out) ?? [];
  const errors =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(out)?.slice(1) ?? [];
  return {
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    requests: number(/(\d+) requests in/),
    p99Ms: Number(p99) * (unit === "us" ? 1e-3 : unit === "s" ? 1e3 : 1),
    errors: errors.reduce((sum, each) => sum + Number(each), number(/Non-2xx or 3xx responses: (\d+)/)),
  };
}

async function autocannon(
  /** @type {string} */ target,
  /** @type {number} */ connections,
  /** @type {number} */ seconds,
  /** @type {readonly string[]} */ headers,
) {
  const command = createRequire(import.meta.url).resolve("autocannon/autocannon.js");
  const args = [
    ...headers,
    "-c",
    String(connections),
    "-d",
    String(seconds),
    "--json",
    "--no-progress",
    target,
  ];
  const result = JSON.parse(await run(process.execPath, [command, ...args]));
  return {
    perSecond: result.requests.total / result.duration,
    requests: result.requests.total,
    p99Ms: result.latency.p99,
    errors: result.errors + result.timeouts + result.non2xx,
  };
}
