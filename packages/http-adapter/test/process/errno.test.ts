// What the kernel refuses, on a whole server: the fuzzer for some seconds, and a command whose server was stopped.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { PoolError } from "@brood/core";
import { expect, it, onTestFinished } from "vitest";
import { callControl } from "../../src/control/client.ts";
import { startBrood, testFolder } from "../support/brood-server.ts";
import { within } from "../support/within.ts";

const APP = `export default (request, response) => response.end("answer");`;
/** The command waits for its deadline, 10 s: not in CI. */
const hasAllRows = process.env["BROOD_TEST_ROWS"] === "all";
const FUZZER = fileURLToPath(new URL("../../../../scripts/fuzz/errno.mjs", import.meta.url));

it("system calls that fail by chance under a server with clients: it lives, all is served again, nothing is left", async () => {
  const seed = process.env["SIMULATION_SEED"] ?? String(Math.floor(Math.random() * 2 ** 31));
  const fuzzer = spawn(process.execPath, [FUZZER, "--seconds", "6", "--seed", seed], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void fuzzer.kill("SIGKILL"));
  let said = "";
  fuzzer.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = await within("the fuzzer", once(fuzzer, "close"), undefined, 100_000);
  console.log(said);
  expect([code, said]).toEqual([0, expect.stringMatching(/all held|skipped/)]);
}, 120_000);

it("a server that was stopped is said to be so, and answers when it goes on", async () => {
  const server = await startBrood(await testFolder({ "app.mjs": APP }), "-w", "1", "-l", "127.0.0.1:0");
  process.kill(server.pid, "SIGSTOP");
  onTestFinished(() => void process.kill(server.pid, "SIGCONT"));
  const asked = (withinMs?: number) =>
    callControl(server.control, "GET", "/stats", undefined, withinMs).catch((thrown: unknown) => thrown);
  const error = await asked(300);
  expect(error).toBeInstanceOf(PoolError);
  expect(error).toMatchObject({
    code: "BROOD_CONTROL_FAILED",
    message: expect.stringMatching(/did not answer within 300 ms.*SIGSTOP/),
  });
  if (hasAllRows) {
    const status = await within("the command's own deadline", server.command("status"), undefined, 20_000);
    expect(status.exitCode).toBe(1);
    expect(status.stderr).toMatch(/did not answer within 10000 ms.*SIGSTOP/);
  }
  process.kill(server.pid, "SIGCONT");
  expect(await asked()).toMatchObject({ status: 200 });
}, 60_000);
