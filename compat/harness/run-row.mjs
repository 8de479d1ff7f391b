// One row: its packages, the measure, then each mode.

import { installRow } from "./install.mjs";
import { runPlain } from "./plain.mjs";
import { runUnderBrood } from "./under-brood.mjs";
import { judge } from "./verdict.mjs";

/** @param options.rows  all there are  @param options.modes  which of fresh, template, thread  @param options.services  addresses of what the row needs
 *  @returns `{ plain, modes: { fresh: { failure, wrong } } }`; a failure is what contradicts the row's table */
export async function runRow(row, { modes, services, rows }) {
  const folder = installRow(row, rows);
  const plain = await runPlain(row, folder, services);
  const results = {};
  for (const mode of modes) {
    const startedAtMs = performance.now();
    const outcome = await runUnderBrood(row, mode, folder, services);
    const failure = judge(row[mode], outcome);
    results[mode] = { failure, ...outcome, durationMs: Math.round(performance.now() - startedAtMs) };
  }
  return { plain: plain.length === 0 ? undefined : plain.join("\n"), modes: results };
}
