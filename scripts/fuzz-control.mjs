// pnpm fuzz:control [--seconds n] [--seed n]: random requests to the control socket, for as long as wanted.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "20" }, seed: { type: "string" } },
});
for (const [name, value] of Object.entries(values)) {
  if (value === undefined || /^\d{1,9}$/.test(value)) continue;
  console.error(`fuzz:control: --${name} is a whole number, not "${value}"`);
  process.exit(2);
}
const env = { ...process.env, FUZZ_SECONDS: values.seconds, ...(values.seed && { FUZZ_SEED: values.seed }) };
const file = "packages/http-adapter/test/process/control-border.test.ts";
const { status } = spawnSync("npx", ["vitest", "run", "--project", "process", file], {
  stdio: "inherit",
  env,
});
process.exit(status ?? 1);
