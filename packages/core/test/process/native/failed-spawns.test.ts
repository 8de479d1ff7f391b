// A hundred spawns that the kernel refuses, of each kind: nothing that they opened is left. What a first few open for good (modules,
// pollers) is not counted. Skipped, with the reason, where no call can be made to fail.

import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { missing, underRefusal } from "../../../../../scripts/fuzz/kernel/inject.mjs";
import { folder, within } from "../support.ts";
import { skipReason } from "./support.ts";

const HOST = fileURLToPath(new URL("fixtures/failed-spawns.mjs", import.meta.url));
const reason = skipReason ?? missing();
if (reason !== null) console.warn(`failed spawns are not tested: ${reason}`);

const SPAWNS = 100;

/** Templates have no such number: each takes a service of its own. */
const TEMPLATES = 10;

/** Kind, call, errno, whose calls: all means the template's, too. */
const ROWS = [
  ["process", "pipe2", "ENFILE", "host", SPAWNS],
  ["process", "clone", "EAGAIN", "host", SPAWNS],
  ["template", "pipe2", "EMFILE", "host", TEMPLATES],
  ["fork", "clone", "EAGAIN", "all", SPAWNS],
  ["forkOfPool", "socketpair", "EMFILE", "host", SPAWNS],
  ["pool", "pipe2", "ENFILE", "host", SPAWNS],
  ["pool", "clone", "EAGAIN", "host", SPAWNS],
] as const;

async function startHost() {
  const TMPDIR = await folder();
  const host = await underRefusal(["pipe2", "socketpair", "clone"], [process.execPath, HOST], {
    cwd: join(HOST, ".."),
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, TMPDIR },
  });
  onTestFinished(() => void host.child.kill("SIGKILL"));
  const { stdin, stdout } = host.child;
  if (stdin === null || stdout === null) throw new Error("no pipes");
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const told = async (what: string): Promise<unknown> => {
    const { value } = await within(what, lines.next());
    return JSON.parse(String(value));
  };
  await told("the host");
  const tell = (line: string): Promise<unknown> => {
    stdin.write(`${line}\n`);
    return told(line);
  };
  return { ...host, tell };
}

describe.skipIf(reason !== null)("100 failed spawns leak nothing", () => {
  it.each(ROWS)("%s: %s %s of %s", async (kind, call, errno, whose, count) => {
    const host = await startHost();
    const round = async (spawns: number): Promise<unknown> => {
      await host.tell(`ready ${kind}`);
      await host.fail(call, errno, 1, whose === "host" ? host.pid : 0);
      await host.tell(`spawn ${spawns}`);
      await host.clear();
      await host.tell("stop");
      return host.tell("left");
    };
    const before = await round(2);
    const after = await round(count);
    expect(after).toEqual(before);
  });
});
