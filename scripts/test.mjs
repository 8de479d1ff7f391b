// The README's test command: builds, checks types, style and packages, then runs every test.
// Each step must pass before the next; the last line comes from the runner's own report.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { REPORT, reportLine } from "./report.mjs";

const steps = [
  ["build", "tsc", ["-b"]],
  ["types of the tests", "tsc", ["-p", "tsconfig.test.json"]],
  ["style", "biome", ["ci", process.stdout.isTTY ? "--colors=force" : "--colors=off", "."]],
  ["packages", process.execPath, ["scripts/check-packages.mjs"]],
  [
    "tests",
    "vitest",
    ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`, ...process.argv.slice(2)],
  ],
];

mkdirSync(".cache", { recursive: true });
rmSync(REPORT, { force: true });
for (const [name, command, args] of steps) {
  console.log(`\n== ${name}: ${command === process.execPath ? "node" : command} ${args.join(" ")}`);
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (error !== undefined) console.error(error.message);
  if (status !== 0) {
    console.log(`\n${name} failed\n${reportLine()}`);
    process.exit(status ?? 1);
  }
}
console.log(reportLine());
