// The fuzzer of task pools, for a few seconds: values × outcomes × runtimes. It prints its seed and how to replay a fault.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { within } from "../support.ts";

const FUZZER = fileURLToPath(new URL("../../../../../scripts/fuzz/tasks.mjs", import.meta.url));

it("G79: values × outcomes × runtimes, drawn by chance: every run settles with what may become of it", async () => {
  const seed = process.env["SIMULATION_SEED"] ?? String(Math.floor(Math.random() * 2 ** 31));
  const fuzzer = spawn(process.execPath, [FUZZER, "--seconds", "5", "--seed", seed], {
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
});
