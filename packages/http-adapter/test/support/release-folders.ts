// Deploys as people lay them out: `releases/1`, `releases/2`, and a symlink `current` that moves.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { testFolder } from "./brood-server.ts";
import { fetchOver } from "./fetch-over.ts";

/** Answers its version and where it runs, by Node's word and by a file of its own that it names relatively. */
export function placedApp(version: string, more = ""): string {
  return `import http from "node:http";
import path from "node:path";
${more}
export default http.createServer((request, response) =>
  response.end(JSON.stringify({ version: ${JSON.stringify(version)}, cwd: process.cwd(), views: path.resolve("views") })));
`;
}

export interface Answer {
  readonly version: string;
  readonly cwd: string;
  readonly views: string;
}

export interface ReleaseFolders {
  /** Real path of the folder above all. */
  readonly root: string;
  readonly current: string;
  readonly of: (release: number) => string;
  /** Points `current` at a release, as `ln -sfn` does. */
  move(release: number): Promise<void>;
}

/** Releases 1, 2, ... each of one `server.mjs` (and what `more` adds); `current` is the first. */
export async function releaseFolders(
  apps: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<ReleaseFolders> {
  const files = apps.flatMap((app, index) => [
    [`releases/${index + 1}/server.mjs`, app],
    ...Object.entries(more).map(([name, text]) => [`releases/${index + 1}/${name}`, text]),
  ]);
  const root = await fs.realpath(await testFolder(Object.fromEntries(files)));
  const current = join(root, "current");
  await fs.symlink("releases/1", current);
  return {
    root,
    current,
    of: (release) => join(root, `releases/${release}`),
    async move(release) {
      await fs.symlink(`releases/${release}`, join(root, "next"));
      await fs.rename(join(root, "next"), current);
    },
  };
}

/** What a new connection is answered. */
export async function answerOf(address: string): Promise<Answer> {
  const { hostname: host, port } = new URL(address);
  const { body } = await fetchOver("http", { target: { host, port: Number(port) } }, "/");
  return JSON.parse(body) as Answer;
}
