// pnpm fuzz:options [--seconds n] [--seed n]: options of services, servers, pools, runs and the command, drawn by chance, most of
// them wrong. Holds that each is accepted, or refused by name with a BroodError (the command: one line on stderr, and exit code 2);
// that nothing hangs, ends this process, prints a stack or leaves a file, a socket or a process behind.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createService, createTaskPool } from "@brood/core";
import { serve } from "@brood/http-adapter";
import { OPTION_ROWS } from "../../packages/http-adapter/dist/cli/option-table.js";
import { OPTION_NAMES } from "../../packages/http-adapter/dist/option-kinds.js";
import { checkServeConfig } from "../../packages/http-adapter/dist/service-options.js";
import { chance, faultsOfProcess, fuzzOptions, within } from "./chance.mjs";
import { VALUES } from "./values.mjs";

const options = fuzzOptions(process.argv.slice(2));
const COMMAND = fileURLToPath(new URL("../../packages/http-adapter/bin/brood.js", import.meta.url));
const BOUND_MS = 30_000;

const faults = faultsOfProcess();
const sandbox = mkdtempSync(join(tmpdir(), "brood-fuzz-options-"));
process.on("exit", () => rmSync(sandbox, { recursive: true, force: true }));
const entry = join(sandbox, "app.mjs");
const tasks = join(sandbox, "tasks.mjs");
writeFileSync(entry, "export default (request, response) => response.end('hello');");
writeFileSync(tasks, "export default (value) => value;");
writeFileSync(join(sandbox, "package.json"), '{"name":"fuzzed"}');
const runtimeFolder = join(sandbox, "run");
mkdirSync(runtimeFolder, { mode: 0o700 });
const LEFT = readdirSync(sandbox).sort().join();

const SERVICE =
  `entry name host hostData sockets slotClosed takeMessage reload workers runtime spawn resourceLimits bootTimeoutMs
  minHealthyMs drainTimeoutMs heartbeatTimeoutMs maxSurge maxUnavailable maxFailures bootConcurrency template recycle canary
  healthCheck onReleaseChanged env execArgv compileCache cwd isOwnProcess stdout stderr logger`.split(/\s+/);
const POOL =
  `filename name poolName runtime spawn minWorkers maxWorkers idleTimeoutMs maxQueue concurrentTasksPerWorker taskTimeoutMs
  abortGraceMs retries isolate batching resourceLimits env execArgv workerData recycle bootTimeoutMs minHealthyMs drainTimeoutMs
  heartbeatTimeoutMs maxFailures recordTiming taskQueue loadBalancer logger`.split(/\s+/);
const RUN = ["name", "signal", "timeoutMs", "retries", "priority", "transferList"];
const INNER =
  `requests jitter memoryBytes ageMs eventLoopDelayMs tasks intervalMs timeoutMs path maxErrorRateIncrease fallback
  failuresMax unsafe keepAliveTimeoutMs headersTimeoutMs requestTimeoutMs maxHeaderSizeBytes backlog paths items budgetMs
  maxOldGenerationSizeMb stackSizeMb A __proto__ toString`.split(/\s+/);

const bad = () => {
  throw null;
};
class Getters {
  get workers() {
    return 1;
  }
}

/** @type {((random: ReturnType<typeof chance>) => unknown)[]} */
const ODD = [
  () => undefined,
  () => null,
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  ({ pick }) =>
    pick([-1, -0, 0, 1, 2, 0.5, 1.5, 100, 65_536, 2 ** 31, 2 ** 53, 1e300, "1", "0", "-1", "1e3", "0x10"]),
  ({ pick }) => pick([true, false]),
  ({ pick }) =>
    pick([
      "",
      " ",
      "x",
      "auto",
      "..",
      ".",
      "/",
      "/dev/null",
      "/no/such/place",
      "file:///x",
      "file:",
      "http://x",
      "tcp://x:y",
    ]),
  ({ pick }) =>
    pick([
      "a\0b",
      "a\nb",
      "-x",
      "--inspect",
      "é",
      "\ud800",
      "x".repeat(300),
      "/".repeat(5_000),
      "fresh",
      "thread",
      "process",
    ]),
  () => [],
  ({ pick }) => [pick([null, "x", 1, {}, [], Symbol("s")])],
  () => ({}),
  () => new Map([["workers", 1]]),
  () => new Set(),
  () => new Date(Number.NaN),
  () => new Getters(),
  () => Object.create(null),
  () => bad,
  () => async () => Promise.reject(null),
  () => Promise.resolve(5),
  () => new URL("http://example.org/"),
  () => new URL("file:///no/such/file.mjs"),
  (random) => VALUES[random.pick(Object.keys(VALUES))](random),
  (random) => Object.fromEntries([[random.pick(INNER), odd(random)]]),
  (random) => Object.defineProperty({}, random.pick(INNER), { enumerable: true, get: bad }),
];

function odd(random) {
  return random.pick(ODD)(random);
}

/** Some options, some odd values, and now and then something else altogether.
 *  @returns what is given, and the names that it may be refused for */
function drawOptions(random, known, base) {
  const { is, pick, below } = random;
  if (is(0.04)) return { given: odd(random), names: null };
  const given = { ...base };
  const names = [];
  for (let count = 1 + below(3); count > 0; count -= 1) {
    const name = is(0.06) ? pick(["worker", "toString", "constructor", "then", "0", "port"]) : pick(known);
    names.push(name);
    if (is(0.05)) Object.defineProperty(given, name, { enumerable: true, configurable: true, get: bad });
    else
      Object.defineProperty(given, name, {
        enumerable: true,
        configurable: true,
        writable: true,
        value: odd(random),
      });
  }
  return { given, names };
}

/** Names that one option is refused for when another one has that value. */
const TOGETHER = {
  spawn: ["runtime", "execArgv", "resourceLimits", "template"],
  runtime: ["resourceLimits", "spawn", "execArgv", "sockets", "handoff", "healthCheck"],
  maxSurge: ["maxUnavailable"],
  maxUnavailable: ["maxSurge", "maxUnavailable"],
  minWorkers: ["maxWorkers"],
  maxWorkers: ["minWorkers"],
  handoff: ["balance", "maxHeld", "holdTimeoutMs", "onError", "listen"],
  balance: ["handoff"],
  listen: ["handoff", "socketMode", "socketOwner"],
  cwd: ["entry", "envFile", "name", "pidfile"],
  entry: ["cwd", "name"],
  envFile: ["env", "listen", "PORT"],
};

function checkRefusal(error, what, names) {
  const isOurs = error instanceof Error && typeof error.code === "string" && error.code.startsWith("BROOD_");
  if (!isOurs) return `${what}: ${error instanceof Error ? error.stack : String(error)}`;
  if (error.code !== "BROOD_BAD_OPTION" || names === null) return null;
  const option = String(error.details.option).split(/[.[]/)[0];
  const may = names.flatMap((name) => [name, ...(Object.hasOwn(TOGETHER, name) ? TOGETHER[name] : [])]);
  if (may.includes(option) || option === "options" || may.some((name) => error.message.includes(name)))
    return null;
  return `${what}: refused for ${error.details.option}: ${error.message}`;
}

function shown(given, names) {
  return JSON.stringify(
    names === null ? [typeof given] : names.map((name) => [name, shownValue(given, name)]),
  );
}

/** Of objects the kind alone: to look into some takes for ever. */
function shownValue(given, name) {
  const value = Object.getOwnPropertyDescriptor(given, name)?.value;
  return typeof value === "object" || typeof value === "function" ? typeof value : String(value).slice(0, 60);
}

/** @returns what was accepted, or undefined */
async function attempt(kind, given, names, act) {
  const what = `${kind} ${shown(given, names)}`;
  try {
    const accepted = await within(Promise.resolve(act()), BOUND_MS, what);
    if (typeof accepted === "string" && accepted.startsWith("NOT SETTLED")) faults.push(accepted);
    return accepted;
  } catch (error) {
    const fault = checkRefusal(error, what, names);
    if (fault !== null) faults.push(fault);
    return undefined;
  }
}

async function tryService(random) {
  const { given, names } = drawOptions(random, SERVICE, { entry, workers: 1 });
  await attempt("service", given, names, () => {
    createService(given);
  });
}

async function tryServer(random) {
  const { given, names } = drawOptions(random, OPTION_NAMES, {
    entry,
    workers: 1,
    listen: "127.0.0.1:0",
    cwd: sandbox,
  });
  const accepted = await attempt("serve", given, names, () => checkServeConfig(given));
  if (accepted === undefined || !random.is(0.02)) return;
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const config = {
    ...given,
    bootTimeoutMs: 10_000,
    minHealthyMs: 0,
    control: false,
    listen: "127.0.0.1:0",
    stdout: "/dev/null",
    stderr: "/dev/null",
  };
  if (!("logger" in given)) config.logger = quiet;
  delete config.pidfile;
  const server = await attempt("served", given, null, () => serve(config));
  if (server?.stop) await attempt("stop", given, null, () => server.stop({ now: true }));
}

async function tryPool(random) {
  const { given, names } = drawOptions(random, POOL, {
    filename: tasks,
    minWorkers: 1,
    maxWorkers: 1,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const pool = await attempt("pool", given, names, () => createTaskPool(given));
  if (pool?.run === undefined) return;
  pool.on("error", () => {});
  if (random.is(0.2)) {
    const one = random.is(0.5) ? {} : { timeoutMs: 5_000 };
    await within(
      pool.run(5, one).catch(() => {}),
      BOUND_MS,
      `run in ${shown(given, names)}`,
    ).then((late) => {
      if (typeof late === "string") faults.push(late);
    });
  }
  await attempt("destroy", given, null, () => pool.destroy());
}

/** Requests to one pool that lives on. */
async function tryRequest(random, pool) {
  const calls = {
    run: (given) => pool.run(5, given),
    map: async (given) => {
      for await (const _ of pool.map([1, 2], given));
    },
    runOnAll: (given) => pool.runOnAll(5, given),
    resize: (given) => pool.resize(given),
  };
  const name = random.pick(Object.keys(calls));
  const known = name === "resize" ? ["minWorkers"] : name === "map" ? [...RUN, "concurrency"] : RUN;
  const { given, names } = drawOptions(random, known, {});
  // What nothing ends would wait for ever, as asked.
  const drawn = (option) => Object.getOwnPropertyDescriptor(Object(given), option)?.value;
  if (
    (Number.isFinite(drawn("timeoutMs")) && drawn("timeoutMs") > 1_000) ||
    (Number.isFinite(drawn("minWorkers")) && drawn("minWorkers") > 2)
  )
    return;
  await attempt(name, given, names === null ? null : [...names, "tasks", "name"], () => calls[name](given));
}

function drawArgument(random) {
  const { pick, is } = random;
  const value = odd(random);
  const text =
    typeof value === "string" || typeof value === "number" ? String(value) : pick(["", "x", "{}", "[]"]);
  const row = pick(OPTION_ROWS);
  const flag = is(0.1)
    ? pick(["--nope", "--workers=", "-w", "--", "-", "--config"])
    : `--${row.flags.split("--")[1].split(" ")[0]}`;
  return is(0.5) ? [`${flag}=${text.replaceAll("\0", "")}`] : [flag, text.replaceAll("\0", "")];
}

function drawConfigFile(random) {
  const name = random.pick(["c.json", "c.mjs", "c.cjs", "c.txt", "none.json"]);
  const texts = [
    "{}",
    "[]",
    "null",
    '{"workers":"x"}',
    '{"entry":5}',
    "{",
    "export default 5",
    "throw null",
    "module.exports = () => { throw 1 }",
    "export default async () => ({ workers: -1 })",
    "export const x = await new Promise(() => {})",
    "process.exit(3)",
    '{"__proto__":{"workers":3}}',
    "export default new Map()",
    "\0",
  ];
  const path = join(sandbox, `fuzz-${name}`);
  if (name !== "none.json") writeFileSync(path, random.pick(texts));
  return ["--config", path];
}

async function tryCommand(random) {
  const { is, below } = random;
  const given = [];
  for (let count = 1 + below(2); count > 0; count -= 1) given.push(...drawArgument(random));
  if (is(0.3)) given.push(...drawConfigFile(random));
  const isStart = is(0.4);
  const listen = isStart ? ["--listen", "127.0.0.1:0", "-w", "1", "--name", "fuzzed"] : [];
  const parameters = [isStart ? "start" : "config", ...(is(0.9) ? [entry] : []), ...listen, ...given];
  const what = `brood ${parameters.map((each) => JSON.stringify(each)).join(" ")}`;
  const child = spawn(process.execPath, [COMMAND, ...parameters], {
    cwd: sandbox,
    env: { PATH: process.env.PATH, HOME: sandbox, XDG_RUNTIME_DIR: runtimeFolder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    if (stdout.includes("brood ready")) child.kill("SIGINT");
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
  const end = await within(ended, BOUND_MS, what);
  if (typeof end === "string") {
    child.kill("SIGKILL");
    faults.push(`${end}\n${stdout}\n${stderr}`);
    return;
  }
  // What the command itself says: before that, and behind "last lines", workers have the word.
  const [own] = stderr.slice(stderr.lastIndexOf("brood: ")).split("last lines of stderr");
  const hasStack = /^\s+at .*\/packages\//m.test(own);
  // Node 20 takes `--env-file=` for its own wherever it stands, and ends before the command begins.
  if (end.code === 9 && given.some((each) => each.startsWith("--env-file"))) return;
  const isUsage = end.code === 2 && stderr.includes("brood: ");
  const isFine = end.code === 0 || isUsage || (end.code === 1 && stderr !== "");
  if (!isFine || (hasStack && end.code !== 0))
    faults.push(`${what}: exit code ${end.code}, signal ${end.signal}\n${stderr}`);
  for (const name of readdirSync(sandbox)) {
    if (name.startsWith("fuzz-")) rmSync(join(sandbox, name));
    else if (!LEFT.includes(name) && end.code === 2) faults.push(`${what}: refused, and left ${name}`);
    else if (!LEFT.includes(name)) rmSync(join(sandbox, name), { recursive: true });
  }
}

const untilMs = performance.now() + options.seconds * 1_000;
const counts = { service: 0, serve: 0, pool: 0, request: 0, command: 0 };
const longLived = createTaskPool({
  filename: tasks,
  minWorkers: 1,
  maxWorkers: 2,
  logger: { debug() {}, info() {}, warn() {}, error() {} },
});
longLived.on("error", () => {});
await longLived.ready();
let rounds = 0;
do {
  const seed = options.seed + rounds;
  const random = chance(seed);
  for (let at = 0; at < 60; at += 1) await tryService(random);
  for (let at = 0; at < 60; at += 1) await tryServer(random);
  for (let at = 0; at < 20; at += 1) await tryRequest(random, longLived);
  for (let at = 0; at < 8; at += 1) await tryPool(random);
  await Promise.all([tryCommand(random)]);
  await tryCommand(random);
  counts.service += 60;
  counts.serve += 60;
  counts.request += 20;
  counts.pool += 8;
  counts.command += 2;
  rounds += 1;
  if (faults.length > 0) {
    console.log(
      `fuzz:options: seed ${seed}:\n${faults.join("\n")}\nreplay: pnpm fuzz:options --seed ${seed} --seconds 0.001`,
    );
    process.exit(1);
  }
} while (performance.now() < untilMs);
await longLived.destroy();
const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
console.log(
  `fuzz:options: ${total} cases (${JSON.stringify(counts)}), all held. pnpm fuzz:options --seed ${options.seed} --seconds ${options.seconds}`,
);
process.exit(0);
