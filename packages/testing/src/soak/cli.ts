// `pnpm soak`: ten minutes unless told otherwise. Prints what it does, a report, and how to do the same again. The schedule
// is the seed's; what the operating system makes of it is not.

import { Command, Option } from "commander";
import { wholeNumber } from "../whole-number.ts";
import { type SoakReport, soak } from "./soak.ts";

interface Options {
  readonly seed: number;
  readonly seconds: number;
  readonly rate: number;
  readonly kept: number;
  readonly spawn: "fresh" | "template";
  readonly quiet?: boolean;
}

const program = new Command("soak")
  .description(
    "The command under load while workers and templates die, freeze, and good and bad code is deployed by symlink.",
  )
  .option("--seed <n>", "of the schedule (default: the time)", wholeNumber, Date.now() % 1_000_000)
  .option("--seconds <n>", "how long", wholeNumber, 600)
  .option("--rate <n>", "requests a second over new connections", wholeNumber, 60)
  .option("--kept <n>", "connections kept over a slow link", wholeNumber, 60)
  .addOption(new Option("--spawn <how>").choices(["fresh", "template"]).default("fresh"))
  .option("--quiet", "only the report")
  .action(run);

await program.parseAsync();

async function run({ seed, seconds, rate, kept, spawn, quiet }: Options): Promise<void> {
  const replay = `pnpm soak --seed ${seed} --seconds ${seconds} --rate ${rate} --kept ${kept} --spawn ${spawn}`;
  console.log(replay);
  const startedAtMs = performance.now();
  // The server's own lines stay out: they are in the way of the deeds, and `DEBUG` shows them where they are wanted.
  const say = (line: string): void => {
    if (quiet !== true && line.startsWith("== "))
      console.log(`${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s  ${line.slice(3)}`);
  };
  const report = await soak({ seed, seconds, rate, kept, spawn, say });
  show(report);
  console.log(`replay: ${replay}`);
  if (!isClean(report)) process.exitCode = 1;
}

function isClean(report: SoakReport): boolean {
  const { errors, stale, staleDeploys, takenForCode, slotsLost, processesLeft, exitCode, healed } = report;
  const isHealed = healed === "completed" && exitCode === 0;
  return errors.length + stale + staleDeploys + takenForCode + slotsLost + processesLeft === 0 && isHealed;
}

function show(report: SoakReport): void {
  const shown = report.errors
    .slice(0, 20)
    .map(({ error, atMs }) => `\n  at ${(atMs / 1_000).toFixed(2)} s: ${error}`);
  const lines = [
    `requests          ${report.requests}`,
    `errors            ${report.errors.length} ${shown.join("")}`,
    `  held by a worker that was killed or crashed: ${JSON.stringify(report.excused)}`,
    `kept connections  ${JSON.stringify(report.connections)}`,
    `stale answers     ${report.stale}`,
    `stale deploys     ${report.staleDeploys}`,
    `data for code     ${report.takenForCode}`,
    `slots lost        ${report.slotsLost}`,
    `processes left    ${report.processesLeft}`,
    `last good deploy  ${report.healed}`,
    `exit code         ${report.exitCode}`,
    `rolls             ${JSON.stringify(report.rolls)}`,
    `deeds             ${JSON.stringify(report.deeds)}`,
    `counters          ${JSON.stringify(report.counters)}`,
    isClean(report) ? "clean" : "NOT CLEAN",
  ];
  console.log(lines.join("\n"));
}
