// pnpm compat [name…] [--spawn fresh,template,thread] [--group g] [--write] [--list] [--keep-going]: see README.md.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { endOnSignals } from "./harness/at-end.mjs";
import { pageOf } from "./harness/page.mjs";
import { allRows, MODES } from "./harness/rows.mjs";
import { runRow } from "./harness/run-row.mjs";
import { services } from "./harness/services.mjs";

const PAGE = fileURLToPath(new URL("../docs/compatibility.md", import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    spawn: { type: "string", default: MODES.join(",") },
    group: { type: "string" },
    write: { type: "boolean" },
    list: { type: "boolean" },
    verbose: { type: "boolean" },
  },
});
const modes = values.spawn.split(",");
const unknownMode = modes.find((mode) => !MODES.includes(mode));
if (unknownMode !== undefined) refuse(`--spawn ${unknownMode}: accepted are ${MODES.join(", ")}`);

const rows = await allRows();
const unknown = positionals.find((name) => !rows.some((row) => row.name === name));
if (unknown !== undefined) refuse(`no row is called ${unknown}; --list shows all`);
if (values.write) {
  writeFileSync(PAGE, pageOf(rows));
  console.log(`wrote ${PAGE}`);
}
const isWanted = (row) =>
  (positionals.length === 0 || positionals.includes(row.name)) && (values.group ?? row.group) === row.group;
const wanted = rows.filter(isWanted);
if (values.list) for (const row of wanted) console.log(`${row.group}/${row.name}`);
else if (!values.write) await runAll(wanted);

async function runAll(wanted) {
  endOnSignals();
  let failures = 0;
  const running = services();
  try {
    for (const row of wanted) failures += await report(row, running);
  } finally {
    await running.stop();
  }
  console.log(
    failures === 0 ? `${wanted.length} rows are as listed` : `${failures} results are not as listed`,
  );
  process.exitCode = failures === 0 ? 0 : 1;
}

async function report(row, running) {
  try {
    const result = await runRow(row, { rows, modes, services: await running.for(row.needs ?? []) });
    const failed = Object.entries(result.modes).filter(([, { failure }]) => failure !== undefined);
    const words = Object.entries(result.modes).map(([mode, { failure, wrong, durationMs }]) => {
      const word = failure === undefined ? (wrong.length === 0 ? "runs" : "as listed") : "FAILS";
      return `${mode} ${word} (${(durationMs / 1_000).toFixed(1)} s)`;
    });
    console.log(
      `${row.name.padEnd(24)} plain ${result.plain === undefined ? "runs" : "FAILS"}  ${words.join("  ")}`,
    );
    if (result.plain !== undefined) console.log(indented(result.plain));
    for (const [mode, { failure, output }] of failed)
      console.log(indented(`${mode}: ${failure}\n--- printed\n${output.slice(-1_500)}`));
    if (values.verbose) for (const { output } of Object.values(result.modes)) console.log(indented(output));
    return failed.length + (result.plain === undefined ? 0 : 1);
  } catch (error) {
    console.log(`${row.name.padEnd(24)} FAILS\n${indented(error.message)}`);
    return 1;
  }
}

function indented(text) {
  return text.replaceAll(/^/gm, "    ");
}

function refuse(message) {
  console.error(message);
  process.exit(2);
}
