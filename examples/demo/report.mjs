// What the clients saw, and whether every promise held.

import Table from "cli-table3";
import { colors, count, isTerminal } from "./terminal.mjs";

const { bold, dim, green, red } = colors;

/** Each promise, and whether it held. */
export function checks({ clients, deploys: [good, broken], stats }) {
  const errors = clients.flatMap((client) => client.errors);
  const firstError = errors.length === 0 ? "" : `: ${errors[0].kind}, ${errors[0].message}`;
  const isOnGood = ({ state, generation }) => state === "ready" && generation === good.roll.to;
  const claims = {
    "every client was answered by v1 and by v2": clients.every(
      ({ byVersion }) => byVersion.v1 > 0 && byVersion.v2 > 0,
    ),
    [`no request failed${firstError}`]: errors.length === 0,
    "no answer was stale after the deploy of v2": clients.every((client) => stale(client, good) === 0),
    "the deploy of v2 replaced every worker":
      good.roll.result === "completed" &&
      good.roll.replaced === stats.desired &&
      good.serving.join() === "v2",
    "the deploy of v3 failed, and says why":
      broken.roll.result === "failed" &&
      broken.roll.reason.exitCode === 1 &&
      broken.roll.reason.message.includes("DATABASE_URL is not set"),
    "v2 went on answering, on every worker":
      broken.serving.join() === "v2" &&
      stats.workers.length === stats.desired &&
      stats.workers.every(isOnGood),
    "v3 never answered": clients.every(({ byVersion }) => byVersion.v3 === undefined),
  };
  return Object.entries(claims).map(([claim, holds]) => ({ claim, holds }));
}

export function printReport({ clients, deploys, stats }, claims) {
  console.log(`\n${requestTable(clients, deploys[0])}\n${deployTable(deploys, stats)}`);
  for (const { version, roll } of deploys) {
    if (roll.reason === undefined) continue;
    const { code, exitCode, message } = roll.reason;
    console.log(`\n${bold(`Why ${version} failed`)}\n${dim(`${code}, exit code ${exitCode}: ${message}`)}`);
  }
  console.log();
  for (const { claim, holds } of claims) console.log(holds ? `${green("✔")} ${claim}` : red(`✘ ${claim}`));
}

function requestTable(clients, good) {
  const table = new Table({
    style,
    head: ["", ...clients.map(({ name }) => name), "total"].map(bold),
    colAligns: ["left", ...clients.map(() => "right"), "right"],
  });
  const add = (label, of) => {
    const values = clients.map(of);
    table.push([label, ...values.map(count), bold(count(values.reduce((sum, value) => sum + value)))]);
  };
  add("requests", ({ requests }) => requests);
  add("errors", ({ errorsByKind }) => Object.values(errorsByKind).reduce((sum, errors) => sum + errors, 0));
  for (const version of ["v1", "v2", "v3"])
    add(`answers ${version}`, ({ byVersion }) => byVersion[version] ?? 0);
  add("stale after roll", (client) => stale(client, good));
  table.push(["p99 latency, ms", ...clients.map(({ latency }) => latency.p99.toFixed(1)), ""]);
  return table;
}

function deployTable(deploys, { desired }) {
  const table = new Table({
    style,
    head: ["deploy", "result", "roll time", "replaced", "answers now"].map(bold),
  });
  for (const { version, roll, serving } of deploys) {
    const result = roll.result === "completed" ? green(roll.result) : red(roll.result);
    const seconds = `${(roll.durationMs / 1000).toFixed(2)} s`;
    table.push([version, result, seconds, `${roll.replaced} of ${desired}`, serving.join(", ")]);
  }
  return table;
}

const style = { compact: true, head: [], border: isTerminal ? ["gray"] : [] };

/** Answers of anything but v2 to requests sent after its deploy had ended. */
const stale = (client, good) => client.staleAfter(good.endedAtMs, "v2");
