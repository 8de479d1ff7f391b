// `pnpm soak`: ten minutes unless told otherwise. Prints what it does, a report, and how to do the same again. The schedule
// is the seed's; what the operating system makes of it is not.

import { Command, Option } from "commander";
import { wholeNumber } from "../whole-number.ts";
import { type SoakReport, soak } from "./soak.ts";

interface Options {
  readonly seed: number;
  readonly seconds: number;
  readonly rate: number;
  readonly spawn: "fresh" | "template";
  readonly quiet?: boolean;
}

const program = new Command("soak")
  .description(
    "A real server under load while workers and templates die, freeze, and good and bad code is deployed.",
  )
  .option("--seed <n>", "of the schedule (default: the time)", wholeNumber, Date.now() % 1_000_000)
  .option("--seconds <n>", "how long", wholeNumber, 600)
  .option("--rate <n>", "requests a second", wholeNumber, 100)
  .addOption(new Option("--spawn <how>").choices(["fresh", "template"]).default("fresh"))
  .option("--quiet", "only the report")
  .action(run);

await program.parseAsync();

async function run({ seed, seconds, rate, spawn, quiet }: Options): Promise<void> {
  const replay = `pnpm soak --seed ${seed} --seconds ${seconds} --rate ${rate} --spawn ${spawn}`;
  console.log(replay);
  const startedAtMs = performance.now();
  const say = (line: string): void => {
    if (quiet !== true) console.log(`${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s  ${line}`);
  };
  const report = await soak({ seed, seconds, rate, spawn, say });
  show(report);
  console.log(`replay: ${replay}`);
  if (!isClean(report)) process.exitCode = 1;
}

function isClean({ errors, stale, slotsLost, processesLeft, healed }: SoakReport): boolean {
  return (
    errors.length === 0 && stale === 0 && slotsLost === 0 && processesLeft === 0 && healed === "completed"
  );
}

function show(report: SoakReport): void {
  const shown = report.errors
    .slice(0, 20)
    .map(({ error, atMs }) => `\n  at ${(atMs / 1_000).toFixed(2)} s: ${error}`);
  const lines = [
    `requests          ${report.requests}`,
    `errors            ${report.errors.length} ${shown.join("")}`,
    `  held by a worker that was killed or crashed: ${JSON.stringify(report.excused)}`,
    `stale answers     ${report.stale}`,
    `slots lost        ${report.slotsLost}`,
    `processes left    ${report.processesLeft}`,
    `last good deploy  ${report.healed}`,
    `rolls             ${JSON.stringify(report.rolls)}`,
    `deeds             ${JSON.stringify(report.deeds)}`,
    `counters          ${JSON.stringify(report.counters)}`,
    isClean(report) ? "clean" : "NOT CLEAN",
  ];
  console.log(lines.join("\n"));
}
