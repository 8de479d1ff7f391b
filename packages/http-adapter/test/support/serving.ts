// A server in this process with releases r1, r2, ..., stopped when the test ends; its log is printed when the test fails.

import { join } from "node:path";
import { formatLine, type Logger } from "@brood/core";
import { type ServeConfig, type Server, serve } from "@brood/http-adapter";
import { type Probe, versionProbe } from "@brood/testing";
import { onTestFailed, onTestFinished } from "vitest";
import { testFolder } from "./brood-server.ts";
import { SPAWN } from "./spawn.ts";

/** Answers with its version. `more` runs before the answer and may use `count` (requests so far) and `path`. */
export function app(version: string, more = "", exported = ""): string {
  return `import http from "node:http";
let count = 0;
export default http.createServer(async (request, response) => {
  const path = request.url;
  count += 1;
  ${more}
  response.end(${JSON.stringify(version)});
});
${exported}`;
}

export interface Serving {
  readonly server: Server;
  readonly folder: string;
  readonly entryOf: (release: number) => string;
}

/** The first release serves, on two workers unless told otherwise. */
export async function serving(
  releases: readonly string[],
  config: Partial<ServeConfig> = {},
): Promise<Serving> {
  const files = releases.map((text, index) => [`r${index + 1}/app.mjs`, text] as const);
  const manifests = releases.map((_, index) => [`r${index + 1}/package.json`, "{}"] as const);
  const folder = await testFolder(Object.fromEntries([...files, ...manifests]));
  const entryOf = (release: number): string => join(folder, `r${release}/app.mjs`);
  const lines: string[] = [];
  const log = (message: string, fields?: Parameters<Logger["info"]>[1]): void =>
    void lines.push(formatLine(message, fields));
  onTestFailed(() => console.error(lines.join("\n")));
  const server = await serve({
    entry: entryOf(1),
    workers: 2,
    spawn: SPAWN,
    listen: "127.0.0.1:0",
    minHealthyMs: 300,
    compileCache: false,
    // The default: on a busy machine a client may need long from its connection to its request.
    lingerMs: 500,
    logger: { debug: log, info: log, warn: log, error: log },
    ...config,
  });
  onTestFinished(() => server.stop({ now: true }));
  return { server, folder, entryOf };
}

/** Six clients, a new connection for each request. */
export async function probing(server: Server): Promise<Probe> {
  const probe = await versionProbe({ target: server.addresses[0] ?? "", clients: 6, newConnections: true });
  onTestFinished(async () => void (await probe.stop()));
  return probe;
}

/** Resolves at once, or at the first event of the server after which it is so. */
export function until(server: Server, isSo: () => boolean): Promise<void> {
  const names = [
    "worker:spawned",
    "worker:ready",
    "worker:draining",
    "worker:exited",
    "roll:started",
    "roll:progress",
    "roll:ended",
  ] as const;
  return new Promise((resolve) => {
    const look = (): void => {
      if (!isSo()) return;
      for (const name of names) server.off(name, look);
      resolve();
    };
    for (const name of names) server.on(name, look);
    look();
  });
}
