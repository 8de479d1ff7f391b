// The release folders of a soak, as deploy tools lay them out: `releases/7`, and `current`, a link that a deploy moves. Good
// releases write data beside their code while they serve; each way to be bad has a release of its own.

import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const BAD_KINDS = ["throws", "hangs", "crashes", "partly", "unhealthy", "freezes"] as const;

export type ReleaseKind = "good" | (typeof BAD_KINDS)[number];

const EXPORTS: Readonly<Record<ReleaseKind, string>> = {
  good: "",
  throws: "throw new Error('soak: bad release');",
  hangs: "await new Promise(() => {});",
  crashes: "export const onWorkerBoot = () => setTimeout(() => { throw new Error('soak: crash'); }, 100);",
  partly: "export const onWorkerBoot = (ctx) => { if (ctx.slot !== 0) throw new Error('soak: not here'); };",
  unhealthy: "export const healthCheck = () => false;",
  freezes: "export const onWorkerBoot = () => setTimeout(() => { for (;;); }, 100);",
};

/** Part of each release, and so of the folder that the server is started in. Only times that suit a soak: kept connections are
 *  to move, so nothing is set for those that cannot. */
const CONFIG = {
  entry: "./app.mjs",
  exposeGeneration: true,
  compileCache: false,
  bootTimeoutMs: 5_000,
  minHealthyMs: 400,
  drainTimeoutMs: 3_000,
  healthCheck: { timeoutMs: 500 },
  recycle: { requests: 2_000 },
};

/** Answers with its version and the folder it runs in. Every tenth request writes: data, a log, an upload. */
function appOf(number: number, kind: ReleaseKind): string {
  return `import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import { basename } from "node:path";
let requests = 0;
function write() {
  writeFileSync("db.json", JSON.stringify({ pid: process.pid, requests }));
  appendFileSync(new URL("access.log", import.meta.url), "one more\\n");
  mkdirSync("uploads", { recursive: true });
  writeFileSync(\`uploads/\${process.pid}-\${requests % 100}.bin\`, "uploaded");
}
export default http.createServer((request, response) => {
  requests += 1;
  if (requests % 10 === 1) write();
  setTimeout(() => response.end(\`${number} \${basename(process.cwd())}\`), 5);
});
${EXPORTS[kind]}
`;
}

export class ReleaseFolders {
  readonly current: string;
  readonly #root: string;
  #last = 0;

  constructor(root: string) {
    this.#root = root;
    this.current = join(root, "current");
    mkdirSync(join(root, "releases"));
  }

  /** Writes the next release and points `current` at it. @returns its number */
  deploy(kind: ReleaseKind): number {
    this.#last += 1;
    const folder = join(this.#root, "releases", String(this.#last));
    mkdirSync(folder);
    writeFileSync(join(folder, "package.json"), `{ "version": "${this.#last}.0.0" }\n`);
    writeFileSync(join(folder, "brood.config.json"), JSON.stringify(CONFIG));
    writeFileSync(join(folder, "app.mjs"), appOf(this.#last, kind));
    // Replaced in one step, as `ln -sfn` does not: there is no moment without it.
    symlinkSync(join("releases", String(this.#last)), `${this.current}.next`);
    renameSync(`${this.current}.next`, this.current);
    return this.#last;
  }
}
