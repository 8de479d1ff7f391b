// What users install: each package as it would be published, through publint and arethetypeswrong.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "brood-pack-"));
let failed = false;

function run(what, command, args, cwd = ".") {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${what}`);
  if (status === 0) return;
  failed = true;
  console.log(stdout, stderr);
}

try {
  for (const name of readdirSync("packages")) {
    const to = join(folder, name);
    run(
      `${name}: pack`,
      "npm",
      ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder],
      join("packages", name),
    );
    const tarball = readdirSync(folder).find((file) => file.startsWith(`brood-${name}-`));
    if (tarball === undefined) throw new Error(`${name}: no tarball in ${to}`);
    run(`${name}: publint`, "publint", ["run", "--strict", join(folder, tarball)]);
    run(`${name}: attw`, "attw", ["--profile", "esm-only", "--no-emoji", join(folder, tarball)]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
