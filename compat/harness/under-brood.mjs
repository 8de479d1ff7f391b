// One row under Brood: start, load, restart with changed code, scale, kill a worker, stop. What is lost, stale or left behind is
// wrong; so is a start that is refused. Each step waits for what it has caused.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { control } from "./control.mjs";
import { CLIENTS, startLoad } from "./load.mjs";
import { argumentsOf } from "./plain.mjs";
import { filesOf, place, processesOf, start } from "./program.mjs";
import { sharedDeploy } from "./shared-deploy.mjs";
import { until } from "./until.mjs";

const BROOD = fileURLToPath(new URL("../../packages/http-adapter/bin/brood.js", import.meta.url));

const STEP_MS = 60_000;
const STOP_MS = 15_000;

/** Of each kind of client, before the next step. */
const ANSWERS = 12;

const WORKERS = 2;

/** A WebSocket is closed when the drain ends; its client opens another. An HTTP client needs a moment only. */
const DRAIN_MS = { http: 5_000, other: 1_000 };

/** Their clients never stop asking, so each long-lived connection is cut once, when the drain ends, perhaps under a message. */
const CUT_SOCKETS = CLIENTS;

const FLAGS = {
  fresh: ["--spawn", "fresh"],
  template: ["--spawn", "template"],
  thread: ["--runtime", "thread"],
};

/** @returns `{ wrong, output }`: what was wrong, empty when nothing was, and what Brood printed */
export async function runUnderBrood(row, mode, folder, services, deploys = deployOf(row, folder)) {
  const spot = await place();
  const socket = join(spot.folder, "control.sock");
  const wrong = [];
  const program = start(commandLine(row, mode, spot, socket), {
    ...{ cwd: folder, env: { ...services, ...row.env }, spot },
  });
  try {
    const isReady = () => /^brood ready /m.test(program.output()) || program.hasEnded();
    await until("brood ready", isReady, STEP_MS);
    if (program.hasEnded()) wrong.push(`refused: ended with ${program.child.exitCode} before it was ready`);
    else await live({ row, mode, folder, spot, socket, wrong, deploys });
    const end = await program.end(STOP_MS);
    if (end === undefined) wrong.push(`stop: did not end within ${STOP_MS} ms of TERM`);
    else if (wrong.length === 0 && end !== 0) wrong.push(`stop: ended with ${end}`);
    wrong.push(...(await leftovers(spot)));
  } catch (error) {
    wrong.push(error.message);
  } finally {
    deploys.leave();
    program.killAll();
    spot.remove();
  }
  return { wrong, output: program.output() };
}

function deployOf(row, folder) {
  return sharedDeploy(folder, row.changes ?? row.files, 1);
}

function commandLine(row, mode, spot, socket) {
  const own = argumentsOf(row, spot);
  return [
    ...[BROOD, "start", row.entry, ...FLAGS[mode], "--workers", String(WORKERS), "--control", socket],
    ...["--min-healthy", "100", "--boot-timeout", "30000"],
    ...["--drain-timeout", String(row.client === undefined ? DRAIN_MS.http : DRAIN_MS.other)],
    ...(row.node === undefined ? [] : ["--node-args", row.node.join(" ")]),
    ...(own.length === 0 ? [] : ["--", ...own]),
  ];
}

async function live({ row, mode, folder, spot, socket, wrong, deploys }) {
  const load = await startLoad(row, folder, spot.port);
  const answered = async (step, version, more) => {
    const before = load.answers(version);
    const isEnough = () => load.answers(version) >= before + more;
    await until(`${step}: answers of ${version}`, isEnough, STOP_MS, () => `${load.errors()} errors`);
  };
  let atMs = 0;
  let allowed = row.client === undefined ? 0 : CUT_SOCKETS;
  let version = "compat-1";
  try {
    await answered("start", version, ANSWERS);
    version = await deploys.next(2);
    const roll = await control(socket, "POST", "/restart", {});
    if (roll.result !== "completed") throw new Error(`restart: ${roll.result} ${roll.reason?.message ?? ""}`);
    atMs = Date.now();
    await answered("restart", version, ANSWERS);
    await control(socket, "POST", "/scale", { workers: WORKERS + 1 });
    await untilReady(socket, WORKERS + 1);
    if (mode !== "thread") {
      allowed += CLIENTS;
      const victim = (await control(socket, "GET", "/stats")).workers[0];
      process.kill(victim.pid, "SIGKILL");
      await untilReady(socket, WORKERS + 1, victim.worker);
    }
    await answered("scale and kill", version, ANSWERS);
  } catch (error) {
    wrong.push(error.message);
  }
  const seen = await load.stop();
  if (seen.errors.length > allowed)
    wrong.push(`lost ${seen.errors.length} of ${seen.requests}: ${summary(seen.errors)}`);
  const stale = atMs === 0 ? 0 : seen.staleAfter(atMs, version);
  if (stale > 0) wrong.push(`stale: ${stale} answers of the old code after the restart`);
}

async function untilReady(socket, count, gone) {
  let shown = "";
  const isReady = async () => {
    const { ready, workers } = await control(socket, "GET", "/stats");
    shown = JSON.stringify(workers.map(({ worker, state }) => `${worker} ${state}`));
    return ready === count && workers.every(({ worker }) => worker !== gone);
  };
  await until(`${count} workers ready`, isReady, STEP_MS, () => shown);
}

/** Processes that were killed last take a moment to go. */
async function leftovers(spot) {
  const left = () => [...processesOf(spot), ...filesOf(spot)];
  try {
    await until("nothing left", () => left().length === 0, 3_000);
    return [];
  } catch {
    return left().map((each) => `left behind: ${each}`);
  }
}

function summary(errors) {
  const counts = new Map();
  for (const error of errors) counts.set(error, (counts.get(error) ?? 0) + 1);
  return [...counts]
    .slice(0, 4)
    .map(([error, count]) => `${count}× ${error}`)
    .join("; ");
}
