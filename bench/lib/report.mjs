// What every bench prints: what ran where, and one table.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import Table from "cli-table3";

/** @param {readonly number[]} values @returns {number} */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  const upper = /** @type {number} */ (sorted[middle]);
  return sorted.length % 2 ? upper : (upper + /** @type {number} */ (sorted[middle - 1])) / 2;
}

/** "12.3 (11.9-14.0)": the median and the range. @param {readonly number[]} values @param {number} digits */
export function spread(values, digits = 1) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const middle = median(values).toFixed(digits);
  return values.length < 2 ? middle : `${middle} (${low.toFixed(digits)}-${high.toFixed(digits)})`;
}

/** @param {string} title @param {readonly string[]} notes */
export function heading(title, notes) {
  const cpu = os.cpus()[0]?.model.trim() ?? "unknown CPU";
  console.log(`\n${title}`);
  console.log(`${os.availableParallelism()} cores, ${cpu}, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB,`);
  console.log(`${os.type()} ${os.release()}, Node ${process.version}, commit ${commit()}, load ${load()}`);
  for (const note of notes) console.log(note);
  console.log();
}

/** @param {readonly string[]} head @param {readonly (readonly (string | number)[])[]} rows */
export function table(head, rows) {
  const out = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) out.push(row.map(String));
  console.log(out.toString());
}

/** A machine that does other work gives figures that mean nothing. Says so on stderr. */
export function warnIfBusy() {
  const one = os.loadavg()[0] ?? 0;
  if (one > 0.5)
    console.error(`warning: load average ${one.toFixed(2)}; these figures are trials, not results`);
}

function load() {
  return readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 3).join(" ");
}

function commit() {
  try {
    const options = { encoding: /** @type {const} */ ("utf8"), cwd: import.meta.dirname };
    const changed = execFileSync("git", ["status", "--porcelain", "--untracked-files=no"], options) !== "";
    return (
      execFileSync("git", ["rev-parse", "--short", "HEAD"], options).trim() + (changed ? "+changes" : "")
    );
  } catch {
    return "unknown";
  }
}
