// All rows: one table in each folder of apps/. What a row says is in README.md; a mistake in one stops the run with its name.

import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { NOT_YET_RUN } from "./verdict.mjs";

export const COMPAT = dirname(import.meta.dirname);
const APPS = join(COMPAT, "apps");

/** How a row is run by Brood. The measure, `plain`, is `node <entry>`. */
export const MODES = Object.freeze(["fresh", "template", "thread"]);

const KEYS = new Set([
  ...["name", "packages", "with", "files", "entry", "args", "build", "env", "needs", "node"],
  ...["path", "request", "client", "unique", "place", "type", "note", "ci", "changes", ...MODES],
]);

/** Rows in the order of the page: folders by name, then as their table has them. */
export async function allRows() {
  const rows = [];
  for (const group of readdirSync(APPS).sort()) {
    const { rows: table, place } = await import(join(APPS, group, "rows.mjs"));
    for (const row of table)
      rows.push(checked({ group, folder: join(APPS, group), place: place ?? row.name, ...row }));
  }
  const names = rows.map((row) => row.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`row ${twice}: the name stands twice. Give each row its own.`);
  return rows;
}

/** The package that the row is about, and its version. */
export function subjectOf({ packages }) {
  const [[name, version]] = Object.entries(packages);
  return { name, version };
}

function checked(row) {
  const wrong = (what) => new Error(`row ${row.name} (apps/${row.group}/rows.mjs): ${what}`);
  const { group: _group, folder, ...own } = row;
  const unknown = Object.keys(own).find((key) => !KEYS.has(key));
  if (unknown !== undefined) throw wrong(`unknown key ${unknown}; known: ${[...KEYS].join(", ")}`);
  for (const [name, version] of Object.entries({ ...row.packages, ...row.with }))
    if (!/^\d/.test(version)) throw wrong(`${name} is "${version}"; pin one exact version`);
  for (const file of row.files)
    if (!existsSync(join(folder, file))) throw wrong(`its file ${file} does not exist`);
  for (const mode of MODES) {
    const verdict = row[mode];
    const isKnown =
      verdict === "runs" ||
      verdict === NOT_YET_RUN ||
      verdict?.refused?.length > 0 ||
      verdict?.differs?.length > 0;
    if (!isKnown) throw wrong(`${mode} must be "runs", { refused: text } or { differs: reason }`);
  }
  return row;
}
