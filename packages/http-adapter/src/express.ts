// `@brood/http-adapter/express`: for a program that has an Express app. It runs under `brood server.js` as well as alone,
// has health routes, and ends without a dropped request. Nothing of it is needed to serve an app with Brood.

import { createServer, type Server } from "node:http";
import type { ListenOptions } from "node:net";
import type { WorkerContext } from "@brood/core/worker";
import type { Application, Response } from "express";
import { type AdapterOptions, checkAdapterOptions } from "./adapters/adapter-options.ts";
import { type HealthReport, Program } from "./adapters/program.ts";

export type { AdapterOptions } from "./adapters/adapter-options.ts";
export type { HealthReport } from "./adapters/program.ts";

export interface BroodExpress {
  /** The worker that this runs in; undefined when the program runs alone. */
  readonly worker: WorkerContext | undefined;
  /** From the beginning of the drain on. */
  readonly isDraining: boolean;
  /** As `app.listen`, but the server drains when it is closed with `close()`. In a Brood worker it gets the supervisor's
   *  socket. Call it once. */
  listen(port?: number | string | ListenOptions, onListening?: () => void): Server;
  /** Accepts nothing more, answers what was accepted, closes idle connections after `lingerMs`. Resolves when no
   *  connection is left; close databases and the like after it. In a Brood worker it resolves at once: there the worker
   *  drains first. Repeated calls join. */
  close(): Promise<void>;
}

/** Adds the health routes to `app` (call it before the app's own routes) and returns what listens and closes.
 *  @throws PoolError BROOD_BAD_OPTION */
export function broodExpress(app: Application, options: AdapterOptions = {}): BroodExpress {
  const checked = checkAdapterOptions(options);
  const program = new Program(checked);
  if (checked.live !== false) app.get(checked.live, (_request, response) => answer(response, program.live()));
  if (checked.ready !== false) {
    app.get(checked.ready, async (_request, response) => answer(response, await program.ready()));
  }
  return {
    worker: program.worker,
    get isDraining() {
      return program.isDraining;
    },
    listen(port, onListening) {
      const server = createServer(app);
      program.observe(server);
      return server.listen(port, onListening);
    },
    close: () => program.drain(),
  };
}

function answer(response: Response, report: HealthReport): void {
  response
    .status(report.status === "ok" ? 200 : 503)
    .set("cache-control", "no-store")
    .json(report);
}
