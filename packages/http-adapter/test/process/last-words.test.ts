// The end of a script: it is told, cleans up, lets the signal have its usual effect, and what it has written is there, whole.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startBrood, testFolder } from "../support/brood-server.ts";

const HOW = [
  ["--spawn", "fresh"],
  ["--spawn", "template"],
  ["--runtime", "thread"],
] as const;

const LINES = 1_000;

/** Says what to do at its end only after it has waited for something. Letters of two bytes each in every line. */
const SCRIPT = `
const { readFile } = require("node:fs").promises;
const { threadId } = require("node:worker_threads");
let n = 0;
const line = () => JSON.stringify({ worker: process.pid + "/" + threadId, n: n++, pad: "ä".repeat(200) }) + "\\n";
require("node:http").createServer((request, response) => {
  for (let count = 0; count < ${LINES}; count += 1) process.stdout.write(line());
  response.end("ok");
}).listen(process.env.PORT || 3000);
(async () => {
  await readFile(__filename);
  process.once("SIGTERM", () => {
    console.log("told");
    for (let count = 0; count < ${LINES}; count += 1) process.stdout.write(line());
    setTimeout(() => process.kill(process.pid, "SIGTERM"), 50);
  });
})();
`;

describe.each(HOW)("a script that ends by its own signal, %s %s", (...how) => {
  it("is told, ends alone, and each of its lines is written once and whole", async () => {
    const folder = await testFolder({ "app.cjs": SCRIPT });
    const options = ["-w", "2", "-l", "127.0.0.1:0", "--min-healthy", "0", "--stdout", "out.log"];
    const server = await startBrood(folder, "app.cjs", ...options, ...how);
    const ask = async (): Promise<string> => {
      const url = (server.addresses[0] ?? "").replace("tcp:", "http:");
      return (await fetch(url, { headers: { connection: "close" } })).text();
    };
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(["ok", "ok", "ok"]);
    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    expect(await ask()).toBe("ok");
    server.child.kill("SIGTERM");
    expect(await server.ended()).toEqual({ exitCode: 0, signal: null });

    const lines = (await fs.readFile(join(folder, "out.log"), "utf8")).trim().split("\n");
    const written = lines.filter((line) => line !== "told").map((line) => JSON.parse(line));
    const known = new Set(written.map(({ worker, n }) => `${worker} ${n}`));
    expect(lines.length - written.length).toBe(4);
    // Four requests, and four workers that were told.
    expect([written.length, known.size]).toEqual([8 * LINES, 8 * LINES]);
  });
});
