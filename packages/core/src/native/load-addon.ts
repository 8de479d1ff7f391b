// Finds the addon and loads it: the one that was built on this machine (`brood build-addon`, or a checkout), else the one
// that the package ships for this CPU. Which C library runs is found by trying: the binary for glibc does not load with musl,
// which lacks functions that it calls. What cannot be loaded is said, with what to do about that cause.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** packages/core/native, from `src/native` and from `dist/native` alike. */
const FOLDER = fileURLToPath(new URL("../../native", import.meta.url));

/** CPUs that a binary is shipped for. */
const SHIPPED: readonly string[] = ["x64", "arm64"];

const BUILD = "build it for this machine with `npx brood build-addon`, which needs a C compiler";

/** The exports of the addon. Throws an Error with one sentence: what is missing and what to do. */
export function loadAddon(): object {
  const obstacle = obstacleOf(process.versions);
  if (obstacle !== null) throw new Error(obstacle);
  const shipped = ["glibc", "musl"].map((libc) =>
    join(FOLDER, "prebuilds", `linux-${process.arch}-${libc}.node`),
  );
  const files = [join(FOLDER, "build", "brood.node"), ...shipped].filter((file) => existsSync(file));
  if (files.length === 0) throw new Error(missing());
  const sentences: string[] = [];
  for (const file of files) {
    try {
      return createRequire(import.meta.url)(file) as object;
    } catch (error) {
      sentences.push(sentenceOf(error as NodeJS.ErrnoException));
    }
  }
  throw new Error(`${sentences.join("; ")}. Instead, ${BUILD}.`);
}

/** Why no addon can be loaded, whatever files there are; null when nothing is known. */
function obstacleOf(versions: Readonly<Record<string, string | undefined>>): string | null {
  for (const [name, runtime] of [
    ["bun", "Bun"],
    ["deno", "Deno"],
  ] as const) {
    if (versions[name] !== undefined)
      return `${runtime} runs this program, and the addon works inside Node.js only; start it with node.`;
  }
  return null;
}

/** Why there is no file: in the order in which causes can be told apart. */
function missing(): string {
  if (!existsSync(join(FOLDER, "src")))
    return `there is no folder ${FOLDER}: @brood/core was bundled into another file. Mark @brood/core and @brood/http-adapter as external in the bundler.`;
  if (!SHIPPED.includes(process.arch)) return `no binary is shipped for the CPU ${process.arch}; ${BUILD}.`;
  return `its binary is not in ${FOLDER}; ${BUILD}.`;
}

/** What the linker, or Node, says of one file. */
function sentenceOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ERR_DLOPEN_DISABLED")
    return "Node was started with --no-addons (or NODE_OPTIONS has it), which forbids addons";
  return message.split("\n", 1)[0] ?? message;
}
