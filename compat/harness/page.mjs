// docs/compatibility.md, made of the rows.

import { subjectOf } from "./rows.mjs";
import { wordOf } from "./verdict.mjs";

const HEAD = `# What runs

Each row is a real package in a small application, written as its own documentation writes it. \`pnpm compat\` installs it at this
version, runs it under plain \`node\`, then under Brood with two workers: fresh processes, workers forked from a template
(\`--spawn template\`), and threads (\`--runtime thread\`). Four clients ask all the time while the application is restarted with
changed code, scaled, loses a worker to SIGKILL (processes) and is stopped. "yes" means: nothing changed in the application, no
request lost, no answer of old code after the restart, no process, socket or file left behind. "refused" means that Brood
ends at the start with a message that names the cause. This page is written by \`pnpm compat --write\`; \`compat/README.md\` says how to add a row.
`;

export function pageOf(rows) {
  const count = (mode) => rows.filter((row) => row[mode] === "runs").length;
  const counts = `${rows.length} rows: ${count("fresh")} run unchanged in fresh processes, ${count("template")} from a template, ${count("thread")} in threads. Node 20.`;
  const groups = Map.groupBy === undefined ? groupsOf(rows) : Map.groupBy(rows, ({ group }) => group);
  const tables = [...groups].map(([group, members]) => `## ${group}\n\n${tableOf(members)}`);
  return `${[HEAD, counts, ...tables]
    .join("\n")
    .replaceAll(/\n(##|\d+ rows)/g, "\n\n$1")
    .replaceAll(/\n{3,}/g, "\n\n")}\n`;
}

function groupsOf(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(row.group, [...(groups.get(row.group) ?? []), row]);
  return groups;
}

function tableOf(rows) {
  const head =
    "| row | package | version | fresh | template | thread | note |\n| --- | --- | --- | --- | --- | --- | --- |";
  return [head, ...rows.map(lineOf)].join("\n");
}

function lineOf(row) {
  const { name, version } = subjectOf(row);
  const cells = [
    row.name,
    name,
    version,
    wordOf(row.fresh),
    wordOf(row.template),
    wordOf(row.thread),
    noteOf(row),
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** Each reason once, with the modes that it is for. */
function noteOf(row) {
  const reasons = new Map();
  for (const mode of ["fresh", "template", "thread"]) {
    const verdict = row[mode];
    if (typeof verdict === "string") continue;
    const reason = verdict.differs ?? verdict.because ?? `"${verdict.refused}"`;
    reasons.set(reason, [...(reasons.get(reason) ?? []), mode]);
  }
  return [row.note, ...[...reasons].map(([reason, modes]) => `${modes.join(", ")}: ${reason}`)]
    .filter((part) => part !== undefined)
    .join(" · ");
}
