// The command as PID 1, as in a container without an init. Needs a pid namespace; skipped, with the reason, where this user
// may not have one.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { nativeSupport } from "@brood/core/native";
import { expect, it, onTestFailed, onTestFinished } from "vitest";
import { testFolder } from "../support/brood-server.ts";
import { statsOf } from "../support/control.ts";
import { seen as look } from "../support/look.ts";
import { SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const BROOD = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const NAMESPACE = ["--pid", "--fork", "--kill-child", "--mount-proc"];

function obstacle(): string | null {
  const { status, error, stderr } = spawnSync("unshare", [...NAMESPACE, "true"], { encoding: "utf8" });
  if (status !== 0) return error?.message ?? stderr.trim();
  const native = nativeSupport();
  return native.ok ? null : native.reason;
}

const reason = obstacle();
if (reason !== null) console.warn(`PID 1 is not tested: ${reason}`);

/** Each request to /orphan starts a grandchild that outlives its parent, and is then an orphan that ends. */
const APP = `import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import http from "node:http";
const zombies = () => readdirSync("/proc").filter((name) => {
  try {
    return /^\\d+$/.test(name) && readFileSync("/proc/" + name + "/stat", "latin1").includes(") Z ");
  } catch { return false; }
}).length;
export default http.createServer((request, response) => {
  if (request.url === "/orphan") execFileSync("sh", ["-c", "(sleep 0.1 &)"]);
  if (request.url === "/die") return process.kill(process.pid, "SIGKILL");
  response.end(String(zombies()));
});`;

/** Less than it has open: nothing more can be opened. */
const NONE = 3;
const PLENTY = 4_096;
/** It looks for zombies each second: so long it must have looked in vain. */
const TWO_LOOKS_MS = 2_200;

it.skipIf(reason !== null)(
  "F55: as PID 1 it buries foreign zombies, also after its table was full, and serves and stops as ever",
  async () => {
    const folder = await testFolder({ "app.mjs": APP });
    const socket = `${folder}/app.sock`;
    const args = [BROOD, "start", "app.mjs", "-w", "2", "--spawn", SPAWN, "-l", "127.0.0.1:0"];
    const child = spawn("unshare", [...NAMESPACE, process.execPath, ...args, "--control", socket], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    // With it goes all that it has started.
    onTestFinished(() => void child.kill("SIGKILL"));
    let output = "";
    const ready = new Promise<string>((resolve) => {
      child.stdout.on("data", (chunk) => {
        output += chunk;
        const match = /listen=tcp:\/\/(\S+) /.exec(output);
        if (match?.[1] !== undefined) resolve(match[1]);
      });
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    onTestFailed(() => console.error(output));
    const exit = once(child, "exit");
    const address = await within("ready", ready, () => output, 30_000);
    const ask = async (path: string): Promise<number> =>
      Number(await (await fetch(`http://${address}${path}`)).text());
    for (let count = 0; count < 5; count += 1) await ask("/orphan");
    const seen: number[] = [];
    const buried = async (): Promise<void> => {
      do seen.push(await ask("/"));
      while (!(seen.some((zombies) => zombies > 0) && seen.at(-1) === 0));
    };
    await within("five zombies, and then none", buried(), () => seen.slice(-3).join(), 20_000);

    // Without a descriptor it buries nobody and starts nothing, and ends for none of it.
    const supervisor = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim();
    const limit = (count: number): void =>
      void execFileSync("prlimit", ["--pid", supervisor, `--nofile=${count}:`], { stdio: "pipe" });
    limit(NONE);
    await ask("/orphan");
    await ask("/die").catch(() => {});
    const refused = look(() => output.includes("BROOD_SPAWN_FAILED"));
    await within("a refused spawn", refused, () => output);
    const zombie = look(async () => (await ask("/")) > 0);
    await within("a zombie", zombie, () => output);
    const fullUntilMs = performance.now() + TWO_LOOKS_MS;
    const stays = look(async () => (await ask("/")) === 0 || performance.now() > fullUntilMs);
    await within("two looks", stays, () => output);
    expect(await ask("/")).toBeGreaterThan(0);
    limit(PLENTY);
    const none = look(async () => (await ask("/")) === 0);
    await within("no zombie, with descriptors again", none, () => output);
    const whole = look(async () => (await statsOf(socket)).workers.every(({ state }) => state === "ready"));
    await within("both workers", whole, () => output);
    const stopped = spawnSync(process.execPath, [BROOD, "stop", "--control", socket], { encoding: "utf8" });
    expect(stopped.status).toBe(0);
    expect(await within("the end", exit)).toEqual([0, null]);
  },
);
