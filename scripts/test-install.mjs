// Installs the three packages as they would be published, with every package manager that people use, and lets the installed
// command do what it is for (install/smoke.mjs). No compiler is in the way: the binaries come in the package.
//   node scripts/test-install.mjs [row...]    rows whose name contains one of the words; all without one
//   --list, --nodes 20,24 (default: the running one), --keep (the folders stay)

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { nodeBinary } from "../bench/lib/node-binary.mjs";
import { environmentOf, MANAGERS } from "./install/managers.mjs";
import { startRegistry } from "./install/registry.mjs";

const ROOT = dirname(import.meta.dirname);
const LIMIT_MS = 300_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { list: { type: "boolean" }, keep: { type: "boolean" }, nodes: { type: "string" } },
});

/** What a project has: an application, a task file, and the packages. */
const FILES = {
  "package.json": JSON.stringify({
    ...{ name: "project", version: "1.0.0", private: true, type: "module" },
    dependencies: { "@brood/http-adapter": "*", "@brood/core": "*", "@brood/testing": "*" },
  }),
  "server.mjs": `import { createServer } from "node:http";
export default createServer((request, response) => response.end("installed"));
`,
  "tasks.mjs": "export default (value) => value * 2;\n",
};

/** The tarballs, as `pnpm publish` would make them; the binary is this machine's. */
function pack(folder) {
  const built = run(process.execPath, ["packages/core/native/build.mjs", `linux-${process.arch}-glibc`], {
    cwd: ROOT,
  });
  if (built.status !== 0) throw new Error(built.output);
  for (const name of ["core", "http-adapter", "testing"]) {
    const options = ["pack", "--pack-destination", folder, "--config.ignore-scripts=true"];
    const packed = run("pnpm", options, { cwd: join(ROOT, "packages", name) });
    if (packed.status !== 0) throw new Error(packed.output);
  }
  return readdirSync(folder)
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => join(folder, name));
}

function run(command, args, options) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", ...options });
  return { status, output: `${error?.message ?? ""}${stdout}${stderr}` };
}

/** In a group of its own, so that nothing of it outlives the limit. */
function runWithin(command, args, options) {
  const child = spawn(command, args, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (text) => {
    output += text;
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", keep);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      output += `\nnot done within ${LIMIT_MS} ms`;
      process.kill(-child.pid, "SIGKILL");
    }, LIMIT_MS);
    child.on("error", (error) => resolve({ status: null, output: error.message }));
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ status, output });
    });
  });
}

async function tryRow({ name, files = {}, install, start }, node, { folder, home, origin }) {
  const project = join(folder, name.replace(/\W+/g, "-"));
  mkdirSync(project, { recursive: true });
  for (const [file, text] of Object.entries({ ...FILES, ...files, ".npmrc": `registry=${origin}/\n` }))
    writeFileSync(join(project, file), text);
  const smoke = join(project, "smoke.mjs");
  writeFileSync(
    smoke,
    await (await import("node:fs/promises")).readFile(join(ROOT, "scripts/install/smoke.mjs")),
  );
  const path = [dirname(node), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path, CI: "true", NO_COLOR: "1", ...environmentOf(origin, home) };
  const steps = [...install, [...(start ?? [node]), smoke]];
  for (const [command, ...args] of steps) {
    const { status, output } = await runWithin(command, args, { cwd: project, env });
    if (status !== 0) return `FAILED: ${[command, ...args].join(" ")}\n${output}`;
  }
  return null;
}

async function main() {
  const rows = MANAGERS.filter(({ name }) => positionals.every((word) => name.includes(word)));
  if (values.list) return void console.log(MANAGERS.map(({ name }) => name).join("\n"));
  const nodes = await Promise.all(
    (values.nodes ?? process.versions.node.split(".")[0]).split(",").map(nodeBinary),
  );
  const folder = mkdtempSync(join(tmpdir(), "install-"));
  const [packed, home] = ["packed", "home"].map((name) => join(folder, name));
  for (const each of [packed, home]) mkdirSync(each);
  const registry = await startRegistry(pack(packed));
  try {
    for (const node of nodes) {
      for (const row of rows) {
        const beginMs = performance.now();
        const failed = await tryRow(row, node, { folder, home, origin: registry.origin });
        const seconds = ((performance.now() - beginMs) / 1_000).toFixed(0);
        console.log(`${failed === null ? "ok    " : "FAILED"} ${row.name} (${seconds} s)`);
        if (failed !== null) console.log(failed.replace(/^/gm, "    "));
        if (failed !== null) process.exitCode = 1;
      }
    }
  } finally {
    registry.close();
    if (!values.keep) rmSync(folder, { recursive: true, force: true });
  }
}

await main();
