// pnpm fuzz:errno [--seconds n] [--seed n]: a server under clients whose system calls fail by chance: call × errno × share × whose ×
// what happens meanwhile. Holds that the supervisor lives, or refuses at the start with a reason; that after each fault all is
// served again with all its workers; and that nothing is left: descriptors, processes, files.

import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chance, fuzzOptions } from "./chance.mjs";
import { missing, underRefusal } from "./kernel/inject.mjs";
import { FUZZED } from "./kernel/syscalls.mjs";

const options = fuzzOptions(process.argv.slice(2));
const BROOD = fileURLToPath(new URL("../../packages/http-adapter/dist/cli/main.js", import.meta.url));
const reason = missing();
if (reason !== null) {
  console.log(`fuzz:errno: skipped, no call can be made to fail here: ${reason}`);
  process.exit(0);
}

/** Back to normal: restart back-off and the longest deadline of a boot included, on a busy machine. */
const BOUND_MS = 20_000;
const WORKERS = 2;
const KINDS = [
  ["--handoff", "listener"],
  ["--handoff", "connection"],
  ["--handoff", "reuseport"],
  ["--handoff", "connection", "--spawn", "template"],
];
/** At the start V8 and libuv need these themselves, and end the process without them. */
const NOT_AT_START = new Set(["clone", "eventfd2", "pipe2", "socketpair", "prctl", "recvmsg", "sendmsg"]);

const folder = mkdtempSync(join(tmpdir(), "brood-errno-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "app.mjs"), "export default (request, response) => response.end('ok');\n");
const faults = [];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function ask(path, { socketPath, port, method = "GET" }) {
  return new Promise((resolve) => {
    const asked = request({
      path,
      method,
      socketPath,
      host: "127.0.0.1",
      port,
      agent: false,
      timeout: 2_000,
    });
    asked.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode, text }));
      response.on("error", () => resolve(null));
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(null));
    asked.end();
  });
}

async function start(random, kind) {
  const control = join(folder, "control.sock");
  const command = [
    process.execPath,
    BROOD,
    "app.mjs",
    "-w",
    String(WORKERS),
    "-l",
    "127.0.0.1:0",
    "--control",
    control,
  ];
  const times = ["--min-healthy", "20", "--boot-timeout", "5000", "--drain-timeout", "1000"];
  const server = await underRefusal(
    FUZZED.map(({ call }) => call),
    [...command, ...times, ...kind],
    { cwd: folder, seed: random.below(2 ** 31), stdio: ["ignore", "pipe", "pipe"] },
  );
  let out = "";
  let errors = "";
  server.child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
  server.child.stderr.setEncoding("utf8").on("data", (text) => (errors = (errors + text).slice(-20_000)));
  const ended = once(server.child, "close");
  const until = async () => {
    const [, port] = /listen=[^ ]*:(\d+)/.exec(out) ?? [];
    return port === undefined ? null : Number(port);
  };
  return { ...server, control, ended, port: until, said: () => errors };
}

/** What `look` gives when it is not null any more; null when that takes too long or the server has ended. */
async function eventually(look, server) {
  let hasEnded = false;
  server.ended.then(() => (hasEnded = true));
  for (
    const untilMs = performance.now() + BOUND_MS;
    performance.now() < untilMs && !hasEnded;
    await pause(20)
  ) {
    const seen = await look();
    if (seen !== null) return seen;
  }
  return null;
}

async function stats(server) {
  const answer = await ask("/stats", { socketPath: server.control });
  return answer?.status === 200 ? JSON.parse(answer.text) : null;
}

const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

/** Everything is as it was: all workers ready, no roll, and each request answered. */
async function recovered(server, port) {
  const seen = await stats(server);
  if (seen === null || seen.ready !== WORKERS || seen.roll !== null || seen.workers.length !== WORKERS)
    return null;
  if (seen.spawn === "template" && seen.template?.state !== "ready") return null;
  for (let at = 0; at < 8; at += 1) if ((await ask("/", { port }))?.status !== 200) return null;
  return seen;
}

function drawFault({ pick, is }, pids) {
  const { call, errnos } = pick(FUZZED);
  const share = pick([1, 1, 0.5, 0.1]);
  // Whose calls fail: Node itself does not live without threads, so those are the supervisor's and the template's forks only.
  const pid = call === "clone" || call === "recvmsg" || is(0.5) ? pids[0] : 0;
  return { call, errno: pick(errnos), share, pid };
}

const EVENTS = {
  async nothing() {},
  async killWorker({ pick }, server) {
    const pid = pick((await stats(server))?.workers ?? [])?.pid;
    if (Number.isInteger(pid)) process.kill(pid, "SIGKILL");
  },
  async killTemplate(_, server) {
    const pid = (await stats(server))?.template?.pid;
    if (Number.isInteger(pid)) process.kill(pid, "SIGKILL");
  },
  restart: (_, server) => ask("/restart?wait=false", { socketPath: server.control, method: "POST" }),
};

async function faultWhileItServes(random, server, port) {
  const fault = drawFault(random, [server.pid]);
  const happens = random.pick(Object.keys(EVENTS));
  const what = `${JSON.stringify(fault)} during ${happens}`;
  await server.fail(fault.call, fault.errno, fault.share, fault.pid);
  let isOver = false;
  const clients = Array.from({ length: 4 }, async () => {
    while (!isOver) await ask("/", { port });
  });
  await EVENTS[happens](random, server).catch(() => {});
  await pause(100 + random.below(300));
  await server.clear();
  isOver = true;
  await Promise.all(clients);
  if ((await eventually(() => recovered(server, port), server)) === null)
    faults.push(
      `${what}: not served again within ${BOUND_MS} ms`,
      JSON.stringify(await stats(server)),
      server.said(),
    );
  return what;
}

async function startUnderFault(random, kind) {
  const { call, errnos } = random.pick(FUZZED.filter((row) => !NOT_AT_START.has(row.call)));
  const fault = { call, errno: random.pick(errnos), share: random.pick([1, 0.3]) };
  const server = await start(random, kind);
  await server.fail(fault.call, fault.errno, fault.share);
  const what = `${JSON.stringify(fault)} at the start with ${kind.join(" ")}`;
  const port = await eventually(server.port, server);
  await server.clear();
  if (port === null) {
    const isSaid = new RegExp(`${fault.errno}|${fault.call}|BROOD_|option|in use`).test(server.said());
    if (!isSaid) faults.push(`${what}: it ended or hung without a reason:`, server.said());
    server.child.kill("SIGKILL");
  } else {
    if ((await eventually(() => recovered(server, port), server)) === null)
      faults.push(
        `${what}: not served within ${BOUND_MS} ms`,
        JSON.stringify(await stats(server)),
        server.said(),
      );
    process.kill(server.pid, "SIGTERM");
  }
  await server.ended;
  return what;
}

async function round(random) {
  const kind = random.pick(KINDS);
  if (random.is(0.25)) return [await startUnderFault(random, kind)];
  const server = await start(random, kind);
  const port = await eventually(server.port, server);
  if (port === null) {
    faults.push(`${kind.join(" ")}: not ready without a fault`, server.said());
    server.child.kill("SIGKILL");
    return [];
  }
  await eventually(() => recovered(server, port), server);
  const before = descriptors(server.pid);
  const done = [];
  for (let at = 0; at < 4 && faults.length === 0; at += 1)
    done.push(`${await faultWhileItServes(random, server, port)} with ${kind.join(" ")}`);
  if (faults.length === 0) {
    // Some are on their way to be closed; a leak stays.
    const isBack = await eventually(() => (descriptors(server.pid) <= before + 2 ? true : null), server);
    if (isBack === null)
      faults.push(`descriptors: ${before} before, ${descriptors(server.pid)} after ${done.join("; ")}`);
    const seen = await stats(server);
    process.kill(server.pid, "SIGTERM");
    const [code] = await server.ended;
    if (code !== 0) faults.push(`stopped with ${code} after ${done.join("; ")}`, server.said());
    for (const { pid } of seen?.workers ?? []) if (isAlive(pid)) faults.push(`worker ${pid} is left`);
  } else server.child.kill("SIGKILL");
  await server.ended;
  return done;
}

function isAlive(pid) {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

const untilMs = performance.now() + options.seconds * 1_000;
let rounds = 0;
let tried = 0;
do {
  const seed = options.seed + rounds;
  tried += (await round(chance(seed))).length;
  rounds += 1;
  if (faults.length > 0) {
    console.log(
      `fuzz:errno: seed ${seed}:\n${faults.join("\n")}\nreplay: pnpm fuzz:errno --seed ${seed} --seconds 0.001`,
    );
    process.exit(1);
  }
} while (performance.now() < untilMs);
console.log(
  `fuzz:errno: ${tried} faults in ${rounds} rounds, all held. pnpm fuzz:errno --seed ${options.seed} --seconds ${options.seconds}`,
);
process.exit(0);
