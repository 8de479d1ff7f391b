// A program with an application of its own, which may run under `brood` or alone (`node server.js`). In a worker the
// worker's host observes and drains the server, and this only knows about it. Alone the program drains in the same order,
// with the same code: accept nothing more, answer what was accepted with `Connection: close`, let idle connections linger,
// and only then close the application (Fastify answers 503 from then on).

import { Server } from "node:net";
import type { WorkerContext } from "@brood/core/worker";
import { worker } from "../worker/current-worker.ts";
import { Departure } from "../worker/departure.ts";
import { Traffic } from "../worker/traffic.ts";
import type { CheckedAdapterOptions } from "./adapter-options.ts";

/** Body of the health routes. Which worker answered is known only in a Brood worker. */
export interface HealthReport {
  readonly status: "ok" | "draining" | "not ready";
  readonly slot?: number;
  readonly worker?: string;
  readonly generation?: number;
}

export class Program {
  /** The worker that this runs in; undefined when the program runs alone. */
  readonly worker: WorkerContext | undefined = worker;
  readonly #options: CheckedAdapterOptions;
  readonly #observed: { readonly server: Server; readonly traffic: Traffic }[] = [];
  #drained: Promise<void> | null = null;

  constructor(options: CheckedAdapterOptions) {
    this.#options = options;
  }

  get isDraining(): boolean {
    return this.#drained !== null || this.worker?.signal.aborted === true;
  }

  /** Call before the server listens. */
  observe(server: Server): void {
    if (this.worker !== undefined) return;
    const traffic = new Traffic(null);
    traffic.observe(server);
    this.#observed.push({ server, traffic });
  }

  /** Resolves when everything accepted has been answered, or cut off at the deadline. Repeated calls join. */
  drain(): Promise<void> {
    this.#drained ??= Promise.all(
      this.#observed.map(({ server, traffic }) => this.#drain(server, traffic)),
    ).then(() => undefined);
    return this.#drained;
  }

  live(): HealthReport {
    return { status: "ok", ...this.#identity() };
  }

  async ready(): Promise<HealthReport> {
    if (this.isDraining) return { status: "draining", ...this.#identity() };
    const isReady = await Promise.resolve()
      .then(this.#options.isReady)
      .catch(() => false);
    return { status: isReady ? "ok" : "not ready", ...this.#identity() };
  }

  async #drain(server: Server, traffic: Traffic): Promise<void> {
    // Not http.Server's own close: that closes connections on which a request is already on its way.
    if (server.listening) Server.prototype.close.call(server);
    const deadline = setTimeout(() => cutOff(server), this.#options.drainTimeoutMs);
    await traffic.drain(new Departure(server, { ...this.#options, mover: null }));
    clearTimeout(deadline);
  }

  #identity(): Omit<HealthReport, "status"> {
    if (this.worker === undefined) return {};
    const { slot, worker: id, generation } = this.worker;
    return { slot, worker: id, generation };
  }
}

function cutOff(server: Server): void {
  if ("closeAllConnections" in server && typeof server.closeAllConnections === "function") {
    server.closeAllConnections();
  }
}
