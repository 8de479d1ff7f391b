// `brood restart`: a phased restart, watched to its end. Exit code 0 completed, 1 failed (the old code serves),
// 3 superseded by a newer restart, 2 when there is no server. Interrupting the command does not end the roll.

import { resolve } from "node:path";
import type { RollResult } from "@brood/core";
import { callControl } from "../control/client.ts";
import { describeFailure, EXIT_FAILED } from "./bad-input.ts";
import { controlPathOf } from "./control-option.ts";
import { readEvents } from "./event-reader.ts";
import { releaseLine } from "./release-line.ts";
import { NO_PROGRESS, progressBar, progressLines, type RollProgressView } from "./roll-progress.ts";
import { standingFolder } from "./standing-folder.ts";
import type { CommandValues } from "./start-config.ts";

const EXIT_CODES: Readonly<Record<RollResult["result"], number>> = {
  completed: 0,
  failed: EXIT_FAILED,
  superseded: 3,
};

/** What a deploy that forgot something looks like. */
const UNCHANGED =
  "unchanged: the release is the one that ran before: same entry, same folder, same code. If it should be another, look where the symlink points and whether the files have arrived. A service manager's working directory hides its symlink: give --cwd or an absolute entry.\n";

export async function restart(values: CommandValues): Promise<number> {
  const path = await controlPathOf(values);
  const isJson = values["json"] === true;
  const target = targetOf(values["to"]);
  if (values["wait"] === false) {
    const { body } = await callControl(path, "POST", "/restart?wait=false", target);
    process.stdout.write(isJson ? `${JSON.stringify(body)}\n` : "brood restart begun\n");
    return 0;
  }
  const result = await watchedRestart(path, target, await progressView(isJson));
  if (isJson) process.stdout.write(`${JSON.stringify(result)}\n`);
  else report(result);
  return EXIT_CODES[result.result];
}

/** A whole number is a generation, anything else the path of an entry, relative to where the command runs. */
function targetOf(to: unknown): { readonly to?: number | string } {
  if (typeof to !== "string") return {};
  return { to: /^\d+$/.test(to) ? Number(to) : resolve(standingFolder(), to) };
}

async function watchedRestart(path: string, target: object, view: RollProgressView): Promise<RollResult> {
  const endEvents = await readEvents(path, (event) => view.show(event));
  try {
    const { body } = await callControl(path, "POST", "/restart", target);
    return asRollResult(body);
  } finally {
    view.end();
    endEvents();
  }
}

async function progressView(isJson: boolean): Promise<RollProgressView> {
  if (process.stderr.isTTY) return progressBar();
  return isJson ? NO_PROGRESS : progressLines((line) => process.stderr.write(line));
}

function report(result: RollResult): void {
  const counts = `gen=${result.from}->${result.to} replaced=${result.replaced} killed=${result.killed} moved=${result.moved}`;
  process.stdout.write(
    `brood restart ${result.result} ${counts} durationMs=${Math.round(result.durationMs)}\n`,
  );
  const { fromRelease, toRelease } = result;
  if (fromRelease !== null) process.stdout.write(`old release ${releaseLine(fromRelease)}\n`);
  if (toRelease !== null) process.stdout.write(`new release ${releaseLine(toRelease)}\n`);
  if (result.changed.length > 0) process.stdout.write(`changed settings: ${result.changed.join(", ")}\n`);
  if (result.unchanged) process.stdout.write(UNCHANGED);
  if (result.reason === undefined) return;
  process.stderr.write(
    describeFailure(`brood: restart ${result.result}, ${result.reason.code}`, result.reason),
  );
}

/** The codec of the answer to `POST /restart`, which the server of the same package wrote. */
function asRollResult(body: unknown): RollResult {
  return body as RollResult;
}
