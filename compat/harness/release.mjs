// A deploy, as changed code: the application answers with the version that stands in its files (`compat-1`), and a deploy writes
// another number there. Of a built application the built files are changed.

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MARKER = /compat-\d+/g;

const CODE = /\.(js|mjs|cjs|ts|mts|cts|json|txt|html|rsc|body)$/;

/** The version that an answer shows. @throws when it shows none, which the probe counts as an error */
export function versionIn(text) {
  const [version] = text.match(/compat-\d+/) ?? [];
  if (version === undefined) throw new Error(`the answer shows no version: ${text.slice(0, 200)}`);
  return version;
}

/** @param places files and folders below `folder` that hold the version */
export function deploy(folder, places, number) {
  const files = places.flatMap((place) => filesBelow(join(folder, place)));
  let changed = 0;
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    if (!text.includes("compat-")) continue;
    const next = text.replaceAll(MARKER, `compat-${number}`);
    if (next !== text) writeFileSync(file, next);
    changed += 1;
  }
  if (changed === 0) throw new Error(`no file of ${places.join(", ")} in ${folder} holds compat-<number>`);
  return `compat-${number}`;
}

function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules" && entry.name !== "cache")
    .flatMap((entry) => {
      const below = join(path, entry.name);
      if (entry.isDirectory()) return filesBelow(below);
      return entry.isFile() && CODE.test(entry.name) ? [below] : [];
    });
}
