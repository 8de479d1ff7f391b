// pnpm fuzz:wire [--seconds n] [--seed n]: messages of workers and templates, forged by chance, against the readers themselves
// and against real services of all runtimes. Holds that no reader throws, that what is forged ends at most the worker that forged it, that
// every worker answers or ends within its bound and is replaced, and that restart, scale and stop settle. Prints what a decode costs.
import { readdirSync } from "node:fs";
import { createService, createTaskPool } from "@brood/core";
import { createFrameWriter, createWorkerFrameReader } from "@brood/core/engine";
import { chance, fuzzOptions } from "./chance.mjs";
import { fuzzDecoders } from "./wire-decoders.mjs";
import { FROM_WORKER, forgedFrame, forgedMessage } from "./wire-messages.mjs";

const options = fuzzOptions(process.argv.slice(2));
const ENTRY = new URL("./wire-worker.mjs", import.meta.url);
const TASKS = new URL("./wire-tasks.mjs", import.meta.url);
const KINDS = [
  { runtime: "process" },
  { runtime: "thread" },
  ...(process.platform === "linux" ? [{ runtime: "process", spawn: "template" }] : []),
];
const POOLS = [{ runtime: "child_process" }, { runtime: "worker_threads" }];
/** Long for anything that ends at all, on a busy machine too. */
const BOUND_MS = 20_000;
const WORKERS = 3;
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

const faults = [];
process.on("unhandledRejection", (error) => faults.push(`unhandled rejection: ${String(error)}`));
process.on("uncaughtException", (error) =>
  faults.push(`uncaught: ${error instanceof Error ? error.stack : error}`),
);
process.on("warning", ({ name, message }) => faults.push(`warning ${name}: ${message}`));

// An error of the fuzzer itself ends it without a word else: the listener above keeps Node from telling.
process.on("exit", (code) => {
  if (code !== 0 || faults.length === 0) return;
  console.log(faults.join("\n"));
  process.exitCode = 1;
});

let cases = 0;

async function within(promise, what) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(faults.push(`NOT SETTLED: ${what}`)), BOUND_MS);
  });
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Nanoseconds of CPU to read a heartbeat, the message that comes most often. */
function decodeNs() {
  const writer = createFrameWriter();
  const frames = [];
  const message = { worker: "w1", generation: 1, ...FROM_WORKER[4] };
  for (let at = 0; at < 100_000; at += 1) writer.write(message, (frame) => frames.push(frame) > 0);
  const reader = createWorkerFrameReader();
  const before = process.cpuUsage();
  for (const frame of frames) reader.read(frame);
  const { user, system } = process.cpuUsage(before);
  return Math.round(((user + system) * 1_000) / frames.length);
}

/** What one worker is told to do. */
function drawMisdeed(random, { worker, generation }) {
  const { pick, below, is } = random;
  const bytes = () => Buffer.from(Array.from({ length: 1 + below(64) }, () => below(256)));
  const kinds = [
    // All numbers that may be its next one, so that one of them is.
    () => {
      const message = forgedMessage(random, { worker, generation });
      return {
        texts: Array.from({ length: 12 }, (_, at) => JSON.stringify(forgedFrame(random, message, at + 1))),
      };
    },
    () => ({ texts: [pick(["null", "{", "", "[]", "7", '"x"', '{"brood":1,"seq":1}', "\u0000"])] }),
    () => {
      const levels = below(300_000);
      const payload = `${"[".repeat(levels)}${"]".repeat(levels)}`;
      const head = `"worker":"${worker}","generation":${generation}`;
      const message = `{"type":"Post",${head},"payload":${payload}}`;
      return { texts: [3, 4, 5].map((seq) => `{"brood":1,"seq":${seq},"message":${message}}`) };
    },
    () => ({ bytes: bytes().toString("base64") }),
    () => ({
      raw: { cmd: pick(["NODE_HANDLE", "NODE_HANDLE_ACK", "NODE_HANDLE_NACK", "NODE_X"]), type: "x" },
    }),
    () => ({
      handle: pick(["server", "datagram"]),
      raw: pick([{ cmd: "NODE_X" }, [1], { brood: 1, seq: 1 }]),
    }),
  ];
  return is(0.6) ? kinds[0]() : pick(kinds)();
}

async function services(random, kind) {
  const service = createService({ entry: ENTRY, workers: WORKERS, minHealthyMs: 0, logger: QUIET, ...kind });
  service.on("error", ({ code }) => {
    if (code === "BROOD_BUG") faults.push(`BROOD_BUG with ${JSON.stringify(kind)}`);
  });
  await within(service.start(), "start");
  const misled = new Set();
  service.on("worker:exited", ({ worker, reason }) => {
    if (reason !== null && !misled.has(worker))
      faults.push(`${worker}, which forged nothing, ended: ${reason?.message}`);
  });
  for (let turn = 0; turn < 4 && faults.length === 0; turn += 1) {
    if (turn > 0 && performance.now() > untilMs) break;
    // The last one forges nothing, and must still be there afterwards.
    const targets = service
      .stats()
      .workers.filter(({ state }) => state === "ready")
      .slice(0, WORKERS - 1);
    await Promise.all(targets.map((target) => misleadOne(random, service, target, misled)));
    while (service.stats().ready < WORKERS && faults.length === 0)
      await within(new Promise((resolve) => service.once("worker:ready", resolve)), "a new worker");
  }
  await within(service.restart(), `restart ${JSON.stringify(kind)}`);
  await within(service.scale(1), "scale");
  await within(service.stop(), "stop");
}

async function misleadOne(random, service, { worker, generation }, misled) {
  const misdeed = drawMisdeed(random, { worker, generation });
  const ping = random.below(1e9);
  const what = `${worker}: ${JSON.stringify(misdeed).slice(0, 400)}`;
  const settled = new Promise((resolve) => {
    const done = () => {
      service.off("worker:message", heard).off("worker:exited", ended);
      resolve();
    };
    const heard = ({ payload }) => payload?.pong === ping && done();
    const ended = (event) => event.worker === worker && done();
    service.on("worker:message", heard).on("worker:exited", ended);
  });
  misled.add(worker);
  service.post(worker, { ...misdeed, ping });
  cases += 1;
  await within(settled, what);
}

async function pools(random, kind) {
  const pool = createTaskPool({ filename: TASKS, minWorkers: 1, maxWorkers: 2, logger: QUIET, ...kind });
  pool.on("error", () => {}).on("message", () => {});
  const runs = [];
  for (let at = 0; at < 30; at += 1) {
    const isForged = random.is(0.3);
    const run = isForged
      ? pool.run(random.below(2 ** 31), { name: "forge" })
      : pool.run(at, { name: "same" });
    cases += Number(isForged);
    runs.push(
      within(
        run.then(
          () => {},
          () => {},
        ),
        `${JSON.stringify(kind)} ${isForged ? "forge" : "same"}`,
      ),
    );
  }
  await Promise.all(runs);
  // Whatever was forged before, the pool works.
  await within(
    pool.run(1, { name: "same" }).catch(() => pool.run(1, { name: "same" })),
    "a task after all",
  );
  await within(pool.close({ timeoutMs: 5_000 }), `close ${JSON.stringify(kind)}`);
}

const openDescriptors = () => readdirSync("/proc/self/fd").length;
const ns = decodeNs();
const untilMs = performance.now() + options.seconds * 1_000;
let rounds = 0;
let descriptors = null;
do {
  // Each round has a seed of its own, so one can be replayed alone: --seed <it> --seconds 0.001.
  const seed = options.seed + rounds;
  const random = chance(seed);
  faults.push(...fuzzDecoders(random, 2_000));
  cases += 2_000;
  if (rounds % 2 === 0) await services(random, random.pick(KINDS));
  else await pools(random, random.pick(POOLS));
  rounds += 1;
  if (process.platform === "linux" && rounds === 8) descriptors = openDescriptors();
  if (faults.length > 0) {
    console.log(
      `fuzz:wire: seed ${seed}:\n${faults.join("\n")}\nreplay: pnpm fuzz:wire --seed ${seed} --seconds 0.001`,
    );
    process.exit(1);
  }
} while (performance.now() < untilMs);
const grown = descriptors === null ? 0 : openDescriptors() - descriptors;
if (grown > 16) {
  console.log(`fuzz:wire: ${grown} descriptors more than after the first rounds`);
  process.exit(1);
}
console.log(
  `fuzz:wire: ${cases} forgeries in ${rounds} rounds, all held; a heartbeat is read in ${ns} ns of CPU. ` +
    `pnpm fuzz:wire --seed ${options.seed} --seconds ${options.seconds}`,
);
process.exit(0);
