// Builds the addon: for this machine (`native/build/brood.node`, what a checkout uses and what comes before any other), or
// with --all the binaries that the package ships (`native/prebuilds/`), one for each CPU and C library. Same sources, same
// compiler, same bytes. It needs a C compiler and the headers of Node-API, and no network.
//   node build.mjs [--headers <folder>] [--if-possible]    this machine
//   node build.mjs --all | <target>...                     what is shipped; --all fails where a compiler is missing

import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const SOURCES = join(FOLDER, "src");
const OWN = join(FOLDER, "build", "brood.node");

/** `include` replaces the compiler's own C library; `kernel` is where the headers of Linux are then. */
const TARGETS = {
  "linux-x64-glibc": { cc: "x86_64-linux-gnu-gcc" },
  "linux-arm64-glibc": { cc: "aarch64-linux-gnu-gcc" },
  "linux-x64-musl": {
    cc: "x86_64-linux-gnu-gcc",
    include: "/usr/include/x86_64-linux-musl",
    kernel: {
      linux: "/usr/include/linux",
      asm: "/usr/include/x86_64-linux-gnu/asm",
      "asm-generic": "/usr/include/asm-generic",
    },
  },
  "linux-arm64-musl": {
    cc: "aarch64-linux-gnu-gcc",
    include: "/usr/include/aarch64-linux-musl",
    kernel: Object.fromEntries(
      ["linux", "asm", "asm-generic"].map((name) => [name, `/usr/aarch64-linux-gnu/include/${name}`]),
    ),
  },
};

const DEFINES = ["-D_GNU_SOURCE", "-DNAPI_VERSION=8"];
// -z now: the template resolves what the addon calls, not each forked worker: 24 page faults of 840 to ready.
const FLAGS = ["-std=c11", "-O2", "-fPIC", "-fvisibility=hidden", "-shared", "-Wl,-z,now"];
/** The same bytes wherever it is built. */
const SHIPPED = [
  `-ffile-prefix-map=${SOURCES}=.`,
  "-Wl,--build-id=none",
  "-s",
  "-Wall",
  "-Wextra",
  "-Werror",
];

function isInPath(name) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The folder of node_api.h: of the option, beside the running Node, where npm was told, or of node-api-headers. */
function headers(wanted) {
  if (wanted !== undefined) return existsSync(join(wanted, "node_api.h")) ? wanted : null;
  const candidates = [dirname(dirname(process.execPath)), process.env.npm_config_nodedir ?? ""].map(
    (folder) => join(folder, "include", "node"),
  );
  for (const from of [join(process.cwd(), "x.js"), import.meta.url]) {
    try {
      candidates.push(createRequire(from).call(null, "node-api-headers").include_dir);
    } catch {
      // Not installed there.
    }
  }
  return candidates.find((folder) => existsSync(join(folder, "node_api.h"))) ?? null;
}

/** Where musl is the C library, only the kernel's own headers of the system may be found. */
function libraryFlags({ include, kernel }, cc, scratch) {
  if (include === undefined) return ["-include", join(SOURCES, "old_glibc.h"), "-pthread"];
  for (const [name, folder] of Object.entries(kernel)) symlinkSync(folder, join(scratch, name));
  const own = spawnSync(cc, ["-print-file-name=include"], { encoding: "utf8" }).stdout.trim();
  // What the addon calls is in the process already, and no library has to be named: its name differs between systems.
  return [
    "-nostdinc",
    "-isystem",
    include,
    "-isystem",
    own,
    "-idirafter",
    scratch,
    "-nostdlib",
    "-mno-outline-atomics",
  ].filter((flag) => flag !== "-mno-outline-atomics" || cc.startsWith("aarch64"));
}

/** Compiles all sources at once, into a file beside `to` that takes its place. Null, or what stands in the way. */
function compile(cc, flags, to) {
  const sources = readdirSync(SOURCES)
    .filter((name) => name.endsWith(".c"))
    .sort();
  mkdirSync(dirname(to), { recursive: true });
  const { status, error, stderr } = spawnSync(cc, [...FLAGS, ...DEFINES, ...flags, "-o", to, ...sources], {
    cwd: SOURCES,
    encoding: "utf8",
    env: { ...process.env, SOURCE_DATE_EPOCH: "0" },
  });
  if (status === 0) return null;
  rmSync(to, { force: true });
  return error?.message ?? stderr;
}

function buildTarget(name, include) {
  const target = TARGETS[name];
  if (!isInPath(target.cc)) return `no ${target.cc}`;
  for (const folder of [target.include ?? "/", ...Object.values(target.kernel ?? {})])
    if (!existsSync(folder)) return `no ${folder}`;
  const scratch = mkdtempSync(join(tmpdir(), "brood-addon-"));
  try {
    const flags = [...libraryFlags(target, target.cc, scratch), `-I${include}`, ...SHIPPED];
    return compile(target.cc, flags, join(FOLDER, "prebuilds", `${name}.node`));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** In a process of its own: a broken binary may take its process with it. */
function loads() {
  return (
    spawnSync(process.execPath, ["-e", "require(process.argv[1])", OWN], { stdio: "ignore" }).status === 0
  );
}

function isUpToDate() {
  if (!existsSync(OWN)) return false;
  const files = [import.meta.filename, ...readdirSync(SOURCES).map((name) => join(SOURCES, name))];
  return files.every((file) => statSync(file).mtimeMs <= statSync(OWN).mtimeMs) && loads();
}

/** What `build` answers, or why its files cannot be written. */
function attempt(build) {
  try {
    return build();
  } catch (error) {
    return error.message;
  }
}

/** For this machine. Null, or one sentence: what stands in the way and what to do. */
function buildOwn(wanted) {
  if (process.platform !== "linux") return `the addon is for Linux, this is ${process.platform}.`;
  if (wanted === undefined && isUpToDate()) return null;
  const cc = [process.env.CC, "cc", "gcc", "clang"].find((name) => name && isInPath(name));
  if (cc === undefined)
    return "there is no C compiler (cc, gcc, clang, or the one named by CC); install gcc and libc's headers.";
  const include = headers(wanted);
  if (include === null) {
    return wanted === undefined
      ? "there are no headers of Node-API beside this Node; run `npm install --no-save node-api-headers`, or name their folder with --headers."
      : `there is no node_api.h in ${wanted}.`;
  }
  const failed = attempt(() => compile(cc, ["-pthread", `-I${include}`], OWN));
  if (failed !== null) return `${cc} failed:\n${failed}`;
  return loads() ? null : "it was built, but this Node does not load it.";
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { all: { type: "boolean" }, headers: { type: "string" }, "if-possible": { type: "boolean" } },
});
const unknown = positionals.find((name) => TARGETS[name] === undefined);
if (unknown !== undefined) {
  console.error(`There is no target "${unknown}"; there are ${Object.keys(TARGETS).join(", ")}.`);
  process.exit(2);
}
const targets = values.all ? Object.keys(TARGETS) : positionals;
if (targets.length === 0) {
  const failed = buildOwn(values.headers);
  if (failed === null) console.log(`The addon is at ${OWN}.`);
  else console.error(`The addon cannot be built here: ${failed}`);
  process.exitCode = failed === null || values["if-possible"] ? 0 : 1;
}
for (const name of targets) {
  const include = headers(values.headers);
  const failed = include === null ? "no headers of Node-API" : buildTarget(name, include);
  console.log(`${name}: ${failed ?? "built"}`);
  if (failed !== null && !values["if-possible"]) process.exitCode = 1;
}
