// Signals from the command's first statement on: none ends the server by accident, none is lost, TERM is a stop. And a
// terminal that closes.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { testFolder } from "../support/brood-server.ts";
import { statsOf } from "../support/control.ts";
import { seen } from "../support/look.ts";
import { type Starter, startCommand } from "../support/starter.ts";
import { within } from "../support/within.ts";

const USR2_BIT = 1n << 11n;
const INT_BIT = 1n << 1n;

interface Started extends Starter {
  readonly control: string;
}

async function started(): Promise<Started> {
  const folder = await testFolder({
    "app.mjs": "export default (request, response) => response.end();\n",
    "package.json": "{}",
  });
  const control = join(folder, "c.sock");
  const args = ["app.mjs", "-w", "1", "-l", "127.0.0.1:0", "--min-healthy", "0", "--control", control];
  return { ...startCommand(args, folder), control };
}

/** Which signals a process has handlers for. */
function caught(pid: number | undefined): bigint {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return BigInt(`0x${/^SigCgt:\s+(\w+)/m.exec(status)?.[1] ?? "0"}`);
}

/** The last handler of bin/brood.js is there: INT's, after USR2's. */
const hasBegun = ({ child }: Started): boolean =>
  (caught(child.pid) & (USR2_BIT | INT_BIT)) === (USR2_BIT | INT_BIT);

const PHASES: readonly (readonly [string, (server: Started) => Promise<unknown>])[] = [
  ["after its first statement", (server) => seen(() => hasBegun(server))],
  ["when its control socket opens", (server) => seen(() => existsSync(server.control))],
  ["when it is ready", (server) => server.outcome],
];

describe.each(PHASES)("a signal %s", (_, reached) => {
  it.each(["SIGUSR2", "SIGUSR1"] as const)("HUP does no harm, and %s restarts", async (signal) => {
    const server = await started();
    await within("the phase", reached(server), server.output, 30_000);
    for (const each of ["SIGHUP", signal] as const) server.child.kill(each);
    expect(await within("ready", server.outcome, server.output, 30_000)).toBe("ready");
    const restarted = seen(async () => (await statsOf(server.control)).lastRoll?.result === "completed");
    await within("the restart", restarted, server.output, 30_000);
  });

  it("TERM, and INT twice at once, end it with 0", async () => {
    for (const signals of [["SIGTERM"], ["SIGINT", "SIGINT"]] as const) {
      const server = await started();
      const end = once(server.child, "exit");
      await within("the phase", reached(server), server.output, 30_000);
      for (const signal of signals) server.child.kill(signal);
      expect(await within("the end", end, server.output, 30_000)).toEqual([0, null]);
    }
  });
});

const hasTerminal = spawnSync("script", ["--version"]).status === 0;
if (!hasTerminal) console.log("left out: a terminal that closes, for there is no script(1) of util-linux");

describe.skipIf(!hasTerminal)("a terminal", () => {
  it("that closes stops the server with 0", async () => {
    const folder = await testFolder({
      "app.mjs": "export default (request, response) => response.end();\n",
      "package.json": "{}",
    });
    const [control, code] = [join(folder, "c.sock"), join(folder, "code")];
    const brood = `${process.execPath} ${join(import.meta.dirname, "../../bin/brood.js")}`;
    // The shell passes HUP on, as interactive ones do, and tells the exit code.
    const line = `${brood} app.mjs -w 1 -l 127.0.0.1:0 --control ${control} & server=$!
trap "kill -HUP $server" HUP
wait $server; wait $server
echo $? > ${code}`;
    const terminal = spawn("script", ["-qfec", line, "/dev/null"], {
      cwd: folder,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const end = once(terminal, "exit");
    onTestFinished(async () => {
      terminal.kill("SIGKILL");
      await end;
    });
    let output = "";
    const isReady = new Promise<void>((resolve) => {
      terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (/^brood ready /m.test(output)) resolve();
      });
    });
    await within("ready", isReady, () => output, 30_000);
    const { pid } = await statsOf(control);
    onTestFinished(() => {
      if (!existsSync(code)) process.kill(pid, "SIGKILL");
    });
    terminal.kill("SIGKILL");
    await within(
      "the end",
      seen(() => existsSync(code) && readFileSync(code, "utf8") !== ""),
      () => output,
      30_000,
    );
    expect(readFileSync(code, "utf8")).toBe("0\n");
  });
});
