// The fuzzer of options, for a few seconds: each is accepted, or refused by name. It prints its seed and how to replay a fault.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { within } from "../support/within.ts";

const FUZZER = fileURLToPath(new URL("../../../../scripts/fuzz/options.mjs", import.meta.url));

it("options of services, servers, pools, runs and the command, drawn by chance: accepted, or refused by name", async () => {
  const seed = process.env["SIMULATION_SEED"] ?? String(Math.floor(Math.random() * 2 ** 31));
  const fuzzer = spawn(process.execPath, [FUZZER, "--seconds", "4", "--seed", seed], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void fuzzer.kill("SIGKILL"));
  let said = "";
  fuzzer.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = await within("the fuzzer", once(fuzzer, "close"), () => said, 55_000);
  console.log(said);
  expect([code, said]).toEqual([0, expect.stringContaining("all held")]);
});
