// Where the native addon is not there: what cannot work is refused with what would, before anything is bound.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { canBindByFlag } from "../../src/handoff/reuseport-sockets.ts";
import { testFolder } from "../support/brood-server.ts";

const APP = "export default (request, response) => response.end();";
const SERVE = new URL("../../dist/index.js", import.meta.url).href;

/** Starts a server in a process without the addon. Resolves with how it was refused, or "started". */
async function outcomeOf(config: string): Promise<string> {
  const cwd = await testFolder({ "app.mjs": APP });
  const program = `import { serve } from ${JSON.stringify(SERVE)};
    const config = { entry: "app.mjs", workers: 1, listen: "127.0.0.1:0", minHealthyMs: 0, ...${config} };
    try { const server = await serve(config); await server.stop(); console.log("started"); }
    catch (error) { console.log(error.code + " " + error.message); }`;
  const env = { ...process.env, BROOD_NATIVE: "off" };
  const run = promisify(execFile);
  return (await run(process.execPath, ["--input-type=module", "-e", program], { cwd, env })).stdout.trim();
}

describe("without the addon", () => {
  it("connection works, but not by first bytes", async () => {
    expect(await outcomeOf('{ handoff: "connection", balance: "sticky" }')).toBe("started");
    expect(await outcomeOf('{ handoff: "connection", balance: () => "key" }')).toMatch(
      /^BROOD_BAD_OPTION option balance: got "a function", expected "sticky" \(by client address\) without the native addon/,
    );
  });

  it("reuseport works where Node can bind so, else it names the alternatives", async () => {
    const outcome = await outcomeOf('{ handoff: "reuseport" }');
    if (canBindByFlag(process.versions.node)) expect(outcome).toBe("started");
    else {
      expect(outcome).toMatch(/^BROOD_BAD_OPTION option handoff: .*"listener".*"connection".*Node 22\.12/);
    }
  });

  it("systemd is not told, and the log says why", async () => {
    const cwd = await testFolder({ "app.mjs": APP });
    const brood = fileURLToPath(new URL("../../bin/brood.js", import.meta.url));
    const env = { ...process.env, BROOD_NATIVE: "off", NOTIFY_SOCKET: "/nowhere" };
    const child = execFile(
      process.execPath,
      [brood, "app.mjs", "-w", "1", "-l", "127.0.0.1:0", "--control", "c"],
      {
        cwd,
        env,
      },
    );
    let stderr = "";
    const told = new Promise<void>((resolve, reject) => {
      child.stderr?.on("data", (text: string) => {
        stderr += text;
        if (stderr.includes("systemd will not be told")) resolve();
      });
      child.once("exit", () => reject(new Error(stderr)));
    });
    await told;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(stderr).toContain("BROOD_NATIVE=off switches it off");
  });
});
