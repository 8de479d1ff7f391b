// pnpm fuzz:control [--seconds n] [--seed n]: random requests to the control socket, for as long as wanted. The requests and what
// has to hold are in the test, which prints how many there were.
import { spawnSync } from "node:child_process";
import { fuzzOptions } from "./chance.mjs";

const { seconds, seed } = fuzzOptions(process.argv.slice(2));
const env = { ...process.env, FUZZ_SECONDS: String(seconds), FUZZ_SEED: String(seed) };
const file = "packages/http-adapter/test/process/control-border.test.ts";
const { status } = spawnSync("npx", ["vitest", "run", "--project", "process", file], {
  stdio: "inherit",
  env,
});
console.log(
  `fuzz:control: ${status === 0 ? "all held" : "failed"}. pnpm fuzz:control --seed ${seed} --seconds ${seconds}`,
);
process.exit(status ?? 1);
