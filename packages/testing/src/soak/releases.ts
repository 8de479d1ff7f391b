// The releases of a soak: good ones, and each way to be bad, in folders of their own.

import { mkdirSync, writeFileSync } from "node:fs";
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

/** Writes release `number` and returns its entry. */
export function writeRelease(folder: string, number: number, kind: ReleaseKind): string {
  const path = join(folder, `r${number}`);
  const entry = join(path, "app.mjs");
  mkdirSync(path);
  writeFileSync(join(path, "package.json"), `{ "version": "${number}.0.0" }\n`);
  writeFileSync(
    entry,
    `import http from "node:http";
export default http.createServer((request, response) => setTimeout(() => response.end("${number}"), 5));
${EXPORTS[kind]}
`,
  );
  return entry;
}
