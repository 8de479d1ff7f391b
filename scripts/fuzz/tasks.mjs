// pnpm fuzz:tasks [--seconds n] [--seed n]: values × outcomes × runtimes against real pools. Holds that every run settles within its
// bound, with an outcome that its kind allows, that neighbours get their own answers, and that nothing is left behind.
import { createTaskPool } from "@brood/core";
import { chance, faultsOfProcess, fuzzOptions, within } from "./chance.mjs";
import { VALUES } from "./values.mjs";

const options = fuzzOptions(process.argv.slice(2));
const file = new URL("./tasks-file.mjs", import.meta.url);
const RUNTIMES = [
  { runtime: "worker_threads" },
  { runtime: "child_process" },
  ...(process.platform === "linux" ? [{ runtime: "child_process", spawn: "template" }] : []),
];
/** Long for anything that settles at all, on a busy machine too. */
const BOUND_MS = 20_000;
const RUNS = 150;

const faults = faultsOfProcess();

const names = Object.keys(VALUES);

/** One run: what it calls, and what may become of it beside an abort or a timeout. */
function drawRun({ pick, below, is }) {
  const seed = below(2 ** 31);
  const any = [pick(names), seed];
  const outcomes = [
    () => ({ name: "same", value: seed, settles: [`value ${seed}`] }),
    () => ({ name: "wait", value: below(20), settles: ["value"] }),
    () => ({ name: "spin", value: below(8), settles: ["value"] }),
    () => ({ name: "linger", value: below(30), settles: ["value"] }),
    () => ({
      name: "take",
      value: VALUES[any[0]](chance(seed)),
      settles: ["value taken", "BROOD_NOT_CLONEABLE"],
    }),
    () => ({
      name: pick(["give", "giveLater"]),
      value: any,
      settles: ["value", "thrown", "BROOD_NOT_CLONEABLE"],
    }),
    () => ({ name: "fail", value: seed, settles: ["thrown"] }),
    () => ({ name: "failWith", value: any, settles: ["thrown"] }),
    () => ({ name: "thenable", value: seed, settles: ["value", "thrown"] }),
    () => ({ name: "speak", value: any, settles: ["value said", "value could not say it"] }),
    () => ({ name: "late", value: null, settles: ["value late"] }),
    () => ({ name: "nobody", value: null, settles: ["BROOD_BAD_OPTION"] }),
  ];
  const rare = [
    () => ({
      name: "end",
      value: pick(["exit", "null", "kill"]),
      settles: ["BROOD_WORKER_EXITED"],
      isFatal: true,
    }),
    () => ({ name: "never", value: null, settles: ["BROOD_TASK_TIMEOUT"], timeoutMs: 20, isFatal: true }),
  ];
  return is(0.01) ? pick(rare)() : pick(outcomes)();
}

/** Codes of ours by themselves, else whether it gave or threw something. */
async function shown(promise) {
  try {
    const value = await promise;
    return typeof value === "number" || typeof value === "string" ? `value ${value}` : "value";
  } catch (error) {
    const code = error instanceof Error ? Reflect.get(error, "code") : undefined;
    return typeof code === "string" && code.startsWith("BROOD_") ? code : "thrown";
  }
}

function startRun(pool, random) {
  const { is, below } = random;
  const run = drawRun(random);
  const stop = new AbortController();
  const isAborted = is(0.1);
  const timeoutMs = run.timeoutMs ?? (is(0.1) ? 1 + below(20) : undefined);
  const allowed = [...run.settles];
  if (isAborted) allowed.push("BROOD_TASK_ABORTED");
  if (timeoutMs !== undefined) allowed.push("BROOD_TASK_TIMEOUT");
  const settled = pool.run(run.value, {
    name: run.name,
    ...(is(0.5) || isAborted ? { signal: stop.signal } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(is(0.1) ? { priority: below(3) } : {}),
  });
  if (isAborted) setTimeout(() => stop.abort(), below(30));
  return {
    run,
    isFatal: run.isFatal || isAborted || timeoutMs !== undefined,
    allowed,
    outcome: shown(settled),
  };
}

/** `take` gets what cannot be looked at. */
const shownValue = ({ name, value }) => (name === "take" ? "" : JSON.stringify(value));

async function round(random) {
  const kind = random.pick(RUNTIMES);
  const concurrency = random.pick([1, 1, 4]);
  const given = {
    ...kind,
    concurrentTasksPerWorker: concurrency,
    maxWorkers: 1 + random.below(2),
    abortGraceMs: 20,
  };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const pool = createTaskPool({ filename: file, minWorkers: 1, logger, ...given });
  pool.on("error", () => {}).on("message", () => {});
  const runs = [];
  for (let at = 0; at < RUNS; at += 1) {
    runs.push(startRun(pool, random));
    if (random.is(0.1)) await new Promise((resolve) => setImmediate(resolve));
  }
  // What ends a worker may take along what runs beside it there, and nothing else.
  const mayLose = concurrency > 1 && runs.some(({ isFatal }) => isFatal);
  const pendingRuns = new Set(runs);
  for (const each of runs) each.outcome.then(() => pendingRuns.delete(each));
  for (const { run, allowed, outcome } of runs) {
    const what = `${JSON.stringify(given)} ${run.name} ${shownValue(run)}`;
    const seen = await within(outcome, BOUND_MS, what);
    if (seen.startsWith("NOT SETTLED")) {
      const waiting = [...pendingRuns].map((each) => `${each.run.name} ${shownValue(each.run)}`);
      faults.push(seen, `pending: ${waiting.join(", ")}`, JSON.stringify(pool.stats(), null, 1));
      return runs.length;
    }
    const isAllowed = allowed.some((each) => seen === each || (each === "value" && seen.startsWith("value")));
    if (!isAllowed && !(mayLose && seen === "BROOD_WORKER_EXITED"))
      faults.push(`${what}: ${seen}, allowed ${allowed}`);
  }
  if (pool.queueSize !== 0) faults.push(`${JSON.stringify(given)}: ${pool.queueSize} still wait`);
  const closed = await within(pool.close({ timeoutMs: 5_000 }), BOUND_MS, `close ${JSON.stringify(given)}`);
  if (closed !== undefined) faults.push(closed, JSON.stringify(pool.stats(), null, 1));
  return runs.length;
}

const untilMs = performance.now() + options.seconds * 1_000;
let rounds = 0;
let runs = 0;
const replay = () => `pnpm fuzz:tasks --seed ${options.seed} --seconds ${options.seconds}`;
do {
  // Each round has a seed of its own, so one can be replayed alone: --seed <it> --seconds 0.001.
  const seed = options.seed + rounds;
  runs += await round(chance(seed));
  rounds += 1;
  if (faults.length > 0) {
    console.log(
      `fuzz:tasks: seed ${seed}:\n${faults.join("\n")}\nreplay: pnpm fuzz:tasks --seed ${seed} --seconds 0.001`,
    );
    process.exit(1);
  }
} while (performance.now() < untilMs);
console.log(`fuzz:tasks: ${runs} runs in ${rounds} rounds, all held. ${replay()}`);
process.exit(0);
