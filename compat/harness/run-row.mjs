// One row: its packages, the measure, then the modes side by side.

import { installRow } from "./install.mjs";
import { runPlain } from "./plain.mjs";
import { sharedDeploy } from "./shared-deploy.mjs";
import { runUnderBrood } from "./under-brood.mjs";
import { judge } from "./verdict.mjs";

/** @param options.rows  all there are  @param options.modes  which of fresh, template, thread  @param options.services  addresses of what the row needs
 *  @returns `{ plain, modes: { fresh: { failure, wrong } } }`; a failure is what contradicts the row's table */
export async function runRow(row, { modes, services, rows }) {
  const folder = installRow(row, rows);
  const plain = await runPlain(row, folder, services);
  const deploys = sharedDeploy(folder, row.changes ?? row.files, modes.length);
  const run = async (mode) => {
    const startedAtMs = performance.now();
    const outcome = await runUnderBrood(row, mode, folder, services, deploys);
    const failure = judge(row[mode], outcome);
    return [mode, { failure, ...outcome, durationMs: Math.round(performance.now() - startedAtMs) }];
  };
  const results = Object.fromEntries(await Promise.all(modes.map(run)));
  return { plain: plain.length === 0 ? undefined : plain.join("\n"), modes: results };
}
