// Runs a fuzzer of scripts/fuzz for a few seconds. It prints its seed and how to replay a fault.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { within } from "./support.ts";

/** @param name  of its file */
export async function allHeld(name: string, seconds: number): Promise<void> {
  const file = fileURLToPath(new URL(`../../../../scripts/fuzz/${name}.mjs`, import.meta.url));
  const seed = process.env["SIMULATION_SEED"] ?? String(Math.floor(Math.random() * 2 ** 31));
  const fuzzer = spawn(process.execPath, [file, "--seconds", String(seconds), "--seed", seed], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void fuzzer.kill("SIGKILL"));
  let said = "";
  fuzzer.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = await within("the fuzzer", once(fuzzer, "close"), 55_000);
  console.log(said);
  expect([code, said]).toEqual([0, expect.stringContaining("all held")]);
}
