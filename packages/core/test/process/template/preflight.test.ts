// What a template refuses to be forked with: each thing by what it is, where it was opened and where it belongs.
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { folder, nextEvent, service, within } from "../support.ts";

const WORKER = "export default ({ post }) => void post('up');";

/** What the start of a service with this code at the top of its entry says. */
async function refusal(code: string): Promise<{ readonly code: string; readonly message: string }> {
  const path = await folder({ "app.mjs": `${code}\n${WORKER}` });
  const made = service({ entry: `${path}/app.mjs`, spawn: "template", workers: 1, stderr: sink() });
  const error = await within(
    "start",
    made.start().then(() => new Error("it started")),
    20_000,
  ).catch((thrown: unknown) => thrown);
  return error as { code: string; message: string };
}

function sink() {
  return new PassThrough().resume();
}

const UNSAFE: Readonly<Record<string, readonly [code: string, what: string]>> = {
  "a connection": [
    'import net from "node:net"; const server = net.createServer().listen(0, "127.0.0.1"); await new Promise((r) => server.once("listening", r));\nconst socket = net.connect(server.address().port, "127.0.0.1"); await new Promise((r) => socket.once("connect", r));',
    "a TCP socket to 127.0.0.1:",
  ],
  "a server": [
    'import net from "node:net";\nconst server = net.createServer().listen(0, "127.0.0.1"); await new Promise((r) => server.once("listening", r));',
    "a listening TCP server",
  ],
  "a datagram socket": [
    'import dgram from "node:dgram";\nconst socket = dgram.createSocket("udp4"); await new Promise((r) => socket.bind(0, "127.0.0.1", r));',
    "a UDP socket",
  ],
  "a thread": [
    'import { Worker } from "node:worker_threads";\nnew Worker("setInterval(() => {}, 1000)", { eval: true });',
    "a worker thread",
  ],
  "a child process": [
    'import { spawn } from "node:child_process";\nspawn("sleep", ["20"], { stdio: "ignore" });',
    "a child process",
  ],
  "a timer": ["\nsetInterval(() => {}, 1000);", "a timer, set at"],
  "a file watcher": [
    'import fs from "node:fs";\nfs.watch(import.meta.dirname);',
    "a file watcher (fs.watch)",
  ],
};

describe("a template", () => {
  for (const [name, [code, what]] of Object.entries(UNSAFE)) {
    it(`is not forked with ${name} open, and says where it came from`, async () => {
      const error = await refusal(code);
      expect(error.code).toBe("BROOD_TEMPLATE_UNSAFE");
      expect(error.message).toContain(what);
      expect(error.message).toMatch(/app\.mjs:2:\d+/);
      expect(error.message).toContain("onWorkerBoot");
    });
  }

  it("is forked when beforeFork has closed it, with unref'ed timers, and after operations that end", async () => {
    const path = await folder({
      "app.mjs": `import net from "node:net"; import fs from "node:fs"; import crypto from "node:crypto";
const server = net.createServer().listen(0);
setInterval(() => {}, 60_000).unref();
fs.readFile(import.meta.filename, () => {});
crypto.pbkdf2("a", "b", 100_000, 64, "sha512", () => {});
crypto.pbkdf2Sync("a", "b", 10, 64, "sha512");
console.log("loaded"); console.error("loaded");
export const beforeFork = () => new Promise((resolve) => server.close(resolve));
${WORKER}`,
    });
    const made = service({
      entry: `${path}/app.mjs`,
      spawn: "template",
      workers: 1,
      stdout: sink(),
      stderr: sink(),
    });
    const up = nextEvent(made, "worker:message");
    await within("start", made.start());
    expect((await up).payload).toBe("up");
  });

  it("says all the same and goes on where it is told to", async () => {
    const path = await folder({ "app.mjs": `setInterval(() => {}, 60_000);\n${WORKER}` });
    const stderr = new PassThrough();
    let printed = "";
    stderr.on("data", (chunk) => {
      printed += chunk;
    });
    const made = service({
      entry: `${path}/app.mjs`,
      spawn: "template",
      workers: 1,
      stderr,
      template: { unsafe: "warn" },
    });
    await within("start", made.start());
    expect(printed).toMatch(
      /the template holds what does not survive a fork: \(1\) a timer, set at .*app\.mjs:1/,
    );
  });
});
