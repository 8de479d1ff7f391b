// What a template refuses to be forked with: each thing by what it is, where it was opened and where it belongs.
import { promises as fs } from "node:fs";
import { isBuiltin } from "node:module";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { folder, nextEvent, pidsOf, service, within } from "../support.ts";

const WORKER = "export default ({ post }) => void post('up');";

/** What the start of a service with this code at the top of its entry says. */
async function refusal(code: string): Promise<{ readonly code: string; readonly message: string }> {
  const path = await folder({ "app.mjs": `${code}\n${WORKER}` });
  const made = service({
    entry: `${path}/app.mjs`,
    spawn: "template",
    workers: 1,
    stderr: sink(),
    template: { hold: false },
  });
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

/** Resolves when this has been written. */
function printed(stream: PassThrough, text: string): Promise<void> {
  let all = "";
  const seen = new Promise<void>((resolve) => {
    stream.on("data", (chunk) => {
      all += chunk;
      if (all.includes(text)) resolve();
    });
  });
  return within(`"${text}"`, seen);
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

  it("is forked when beforeFork has closed it, with timers, and after operations that end", async () => {
    const path = await folder({
      "app.mjs": `import net from "node:net"; import fs from "node:fs"; import crypto from "node:crypto";
const server = net.createServer().listen(0);
setInterval(() => {}, 60_000);
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

  it("G73: is not forked with a lock on a file, and says which", async () => {
    const code = `import fs from "node:fs"; import { execFileSync } from "node:child_process";
const fd = fs.openSync(new URL("./LOCK", import.meta.url), "w");
execFileSync("flock", ["--exclusive", "3"], { stdio: ["ignore", "ignore", "inherit", fd] });`;
    const error = await refusal(code);
    expect(error.code).toBe("BROOD_TEMPLATE_UNSAFE");
    expect(error.message).toMatch(/a lock \(FLOCK\) on \/.*\/LOCK/);
    expect(error.message).toContain("onWorkerBoot");
  });

  // Node's own SQLite came with Node 22.5.
  it.skipIf(isBuiltin("node:sqlite") === false)(
    "G73: is not forked with a database that is locked as SQLite does",
    async () => {
      const code = `import { DatabaseSync } from "node:sqlite"; import { fileURLToPath } from "node:url";
const database = new DatabaseSync(fileURLToPath(new URL("./data.db", import.meta.url)));
database.exec("PRAGMA journal_mode = WAL; CREATE TABLE things (name TEXT)");
globalThis.database = database;`;
      const error = await refusal(code);
      expect(error.code).toBe("BROOD_TEMPLATE_UNSAFE");
      expect(error.message).toMatch(/a lock \(POSIX\) on \/.*\/data\.db-shm/);
    },
  );

  it("G74: is looked at before every fork: what something opened meanwhile is refused, and no worker shares it", async () => {
    // Nothing that Brood parks: V8 itself wakes it.
    const path = await folder({
      "app.mjs": `import { existsSync } from "node:fs"; import net from "node:net";
const cell = new Int32Array(new SharedArrayBuffer(4));
const open = async () => {
  while (!existsSync(new URL("./open", import.meta.url))) await Atomics.waitAsync(cell, 0, 0, 10).value;
  net.createServer().listen(0, "127.0.0.1", () => console.log("opened by", process.pid));
};
void open();
${WORKER}`,
    });
    const stdout = new PassThrough();
    const made = service({
      entry: `${path}/app.mjs`,
      spawn: "template",
      workers: 1,
      stdout,
      stderr: sink(),
      template: { hold: false },
    });
    await within("start", made.start());
    const template = made.stats().template?.pid;
    const opened = printed(stdout, `opened by ${template}\n`);
    await fs.writeFile(`${path}/open`, "");
    await opened;
    const exited = nextEvent(made, "template:exited");
    process.kill(pidsOf(made)[0] ?? -1, "SIGKILL");
    const { reason } = await exited;
    expect(reason?.code).toBe("BROOD_TEMPLATE_UNSAFE");
    expect(reason?.message).toMatch(/a listening TCP server, opened at .*app\.mjs:5:/);
    if (made.stats().ready === 0) await nextEvent(made, "worker:ready");
    expect(made.stats().counters.fallbacks).toBe(1);
  });

  it("says all the same and goes on where it is told to", async () => {
    const path = await folder({
      "app.mjs": `import fs from "node:fs";\nfs.watch(import.meta.dirname);\n${WORKER}`,
    });
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
      template: { unsafe: "warn", hold: false },
    });
    await within("start", made.start());
    expect(printed).toMatch(
      /the template holds what does not survive a fork: \(1\) a file watcher \(fs\.watch\), opened at .*app\.mjs:2/,
    );
  });
});
