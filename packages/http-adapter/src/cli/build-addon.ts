// `brood build-addon`: for a machine that no shipped binary loads on. The work is done by a script of @brood/core, in a process
// of its own, whose output is this command's.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EXIT_FAILED } from "./bad-input.ts";
import type { CommandValues } from "./start-config.ts";

/** @returns the exit code: 0 when the addon was built, or is there already, and loads. */
export function buildAddon(values: CommandValues): number {
  const script = fileURLToPath(new URL("native/build.mjs", import.meta.resolve("@brood/core/package.json")));
  const { headers } = values;
  const options = typeof headers === "string" ? ["--headers", headers] : [];
  const { status, error } = spawnSync(process.execPath, [script, ...options], { stdio: "inherit" });
  if (error !== undefined) process.stderr.write(`brood: ${error.message}\n`);
  return status ?? EXIT_FAILED;
}
