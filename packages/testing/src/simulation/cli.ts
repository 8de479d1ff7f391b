// `pnpm simulate`: runs seeds one after the other until something breaks, and shows it. The same command replays it.

import { SingleBar } from "cli-progress";
import { Command } from "commander";
import { wholeNumber } from "../whole-number.ts";
import { type SimulationRun, STEPS_DEFAULT, simulate, type Violation } from "./simulate.ts";

interface Options {
  readonly seed: number;
  readonly runs: number;
  readonly steps: number;
  readonly slots?: number;
}

const program = new Command("simulate")
  .description(
    "Runs the machine and the supervisor in virtual time, and checks every invariant after each step.",
  )
  .option("--seed <n>", "the first seed", wholeNumber, 1)
  .option("--runs <n>", "how many seeds, one after the other", wholeNumber, 1)
  .option("--slots <n>", "workers wanted; drawn unless given", wholeNumber)
  .option("--steps <n>", "events of the machine until calm sets in", wholeNumber, STEPS_DEFAULT)
  .action(run);

await program.parseAsync();

async function run({ seed, runs, steps, slots }: Options): Promise<void> {
  const bar = new SingleBar({
    format: "{value}/{total} runs  {steps} steps  {duration_formatted}, {eta_formatted} to go",
    noTTYOutput: true,
    notTTYSchedule: 10_000,
    etaBuffer: 500,
  });
  if (runs > 1) bar.start(runs, 0, { steps: 0 });
  const started = performance.now();
  let total = 0;
  for (let count = 0; count < runs; count += 1) {
    const result = await simulate({ seed: seed + count, steps, ...(slots === undefined ? {} : { slots }) });
    total += result.steps;
    bar.update(count + 1, { steps: total });
    const [violation] = result.violations;
    if (violation === undefined) continue;
    bar.stop();
    return show(result, violation);
  }
  bar.stop();
  const seconds = (performance.now() - started) / 1_000;
  console.log(`${runs} runs, ${total} steps, no violation, ${seconds.toFixed(1)} s`);
}

function show({ slots }: SimulationRun, violation: Violation): void {
  const { invariant, message, schedule, trace, replay } = violation;
  console.log(`${invariant}: ${message}\n\nslots=${slots}, and this is enough to break it:`);
  for (const line of [...schedule, "", "the trace:", ...trace, "", `replay: ${replay}`]) console.log(line);
  process.exitCode = 1;
}
