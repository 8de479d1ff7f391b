// How many requests each worker has answered, from the files that apps/counted.cjs keeps.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** In a stable order. @param {string} folder the app's @returns {number[]} */
export function requestsByWorker(folder) {
  return readdirSync(folder)
    .filter((name) => name.startsWith("requests-"))
    .sort()
    .map((name) => Number(readFileSync(join(folder, name), "utf8")));
}
