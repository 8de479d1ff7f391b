// Test servers and injectors of these tests: closed when the test ends, logs shown when it fails.

import { fileURLToPath } from "node:url";
import {
  type FaultInjector,
  type FaultTarget,
  faultInjector,
  type TestServer,
  type TestServerConfig,
  testServer,
} from "@brood/testing";
import { onTestFailed, onTestFinished } from "vitest";

/** This package: Express is found from here. */
const CWD = fileURLToPath(new URL("../..", import.meta.url));

/** An Express app that answers with its version. */
export function expressApp(version: string): { "server.mjs": string } {
  const lines = [
    'import express from "express";',
    "const app = express();",
    `app.get("/", (request, response) => response.send("${version}"));`,
    "export default app;",
  ];
  return { "server.mjs": lines.join("\n") };
}

/** A plain listener that answers with its version, and is quicker to load. */
export function plainApp(version: string): { "server.mjs": string } {
  return { "server.mjs": `export default (request, response) => response.end("${version}");` };
}

export async function started(config: TestServerConfig): Promise<TestServer> {
  const server = await testServer({ cwd: CWD, ...config });
  onTestFinished(() => server.close());
  onTestFailed(() => console.error(server.logs()));
  return server;
}

export function injecting(
  target: FaultTarget,
  options: Parameters<typeof faultInjector>[1] = {},
): FaultInjector {
  const inject = faultInjector(target, options);
  onTestFinished(() => inject.close());
  return inject;
}
