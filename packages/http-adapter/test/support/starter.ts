// The `brood` command as it is typed, that may become a server or be refused: brood-server.ts is for those that start.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { within } from "./within.ts";

const BROOD = fileURLToPath(new URL("../../bin/brood.js", import.meta.url));

export interface Starter {
  readonly child: ChildProcess;
  readonly outcome: Promise<"ready" | number | null>;
  output(): string;
}

/** Killed when the test ends, if it runs still. */
export function startCommand(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Starter {
  const child = spawn(process.execPath, [BROOD, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const end = once(child, "close");
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGQUIT");
    await within("the server's end", end);
  });
  const outcome = new Promise<"ready" | number | null>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (/^brood ready /m.test(output)) resolve("ready");
      });
    }
    child.once("close", (exitCode) => resolve(exitCode));
  });
  return { child, outcome, output: () => output };
}
