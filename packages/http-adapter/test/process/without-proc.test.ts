// A machine without /proc and without /dev/shm, as a bare chroot or a tight sandbox is: fresh workers serve as ever, a template is
// refused by name where it cannot be looked at. In a mount namespace of its own; skipped, with the reason, where this user may have none.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { nativeSupport } from "@brood/core/native";
import { expect, it } from "vitest";
import { startBroodIn, testFolder } from "../support/brood-server.ts";
import { rowsOf, type Spawn } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const APP = `export default (request, response) => response.end("answer");`;

type Hidden = "/proc" | "/dev/shm";

/** Runs a command where nothing is in these folders, and nothing can be made there. */
function without(hidden: readonly Hidden[], command: readonly string[]): readonly [string, ...string[]] {
  const mounts = hidden.map((each) => `mount -t tmpfs -o ro none ${each}`).join(" && ");
  return ["unshare", "--mount", "sh", "-c", `${mounts} && exec "$@"`, "sh", ...command];
}

function obstacle(): string | null {
  const [file, ...args] = without(["/dev/shm", "/proc"], ["true"]);
  const { status, error, stderr } = spawnSync(file, args, { encoding: "utf8" });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

const reason = obstacle();
if (reason !== null) console.warn(`a machine without /proc is not tested: ${reason}`);

const ROWS: readonly { readonly spawn: Spawn; readonly hidden: readonly Hidden[] }[] = [
  { spawn: "fresh", hidden: ["/proc", "/dev/shm"] },
  { spawn: "template", hidden: ["/dev/shm"] },
];
const rows = rowsOf(ROWS, ({ spawn }) => spawn === "fresh", "spawn template without /dev/shm");

it.skipIf(reason !== null).each(rows)(
  "spawn $spawn without $hidden: it starts, serves, restarts and stops",
  async ({ spawn: by, hidden }) => {
    const folder = await testFolder({ "app.mjs": APP });
    const through = (brood: readonly string[]) => without(hidden, brood);
    const server = await startBroodIn(
      { folder, cwd: folder, env: {}, through },
      "app.mjs",
      "--spawn",
      by,
      "-w",
      "1",
      "-l",
      "127.0.0.1:0",
    );
    const ask = async () => (await fetch(String(server.addresses[0]).replace("tcp:", "http:"))).text();
    expect(await ask()).toBe("answer");
    // It has each worker send a heartbeat.
    expect((await server.stats()).workers).toMatchObject([{ state: "ready" }]);
    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    expect(await ask()).toBe("answer");
    expect((await server.stats()).counters).toMatchObject({ crashed: 0, killed: 0 });
    expect(await server.command("stop")).toMatchObject({ exitCode: 0 });
    expect(await server.ended()).toMatchObject({ exitCode: 0 });
  },
);

it.skipIf(reason !== null || !nativeSupport().ok)(
  "without /proc a template is refused at the start, and what is missing is said",
  async () => {
    const folder = await testFolder({ "app.mjs": APP });
    const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
    const brood = [process.execPath, main, "start", "app.mjs", "--spawn", "template", "-l", "127.0.0.1:0"];
    const [file, ...args] = without(["/proc"], [...brood, "--control", `${folder}/control.sock`]);
    const child = spawn(file, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const [exitCode] = await within("the refusal", once(child, "close"), () => said);
    expect(exitCode).not.toBe(0);
    expect(said).toMatch(/BROOD_TEMPLATE_UNSUPPORTED: .*\/proc is not mounted.*spawn: fresh/);
  },
);
