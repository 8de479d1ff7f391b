// The worker side of HTTP: what the engine's runtime calls to boot, open, drain and close one worker. Only the
// order of things stands here; each concern has its own file.
//   load   the entry, its application, warmup, the application's own ready (loaded-app.ts; a template does this once)
//   boot   onWorkerBoot
//   check  healthCheck(ctx) of the entry and the health path, each on this worker itself
//   open   listen on the supervisor's sockets; a forked worker that nobody asks then asks itself
//   drain  accept nothing more, answer what was accepted, pass idle connections on, or let them linger
//   close  onWorkerShutdown, then the application (last: Fastify answers 503 from then on), then the script's own end
// Nothing waits for a deadline of its own: the engine has them, and kills.

import { detached } from "@brood/core/callbacks";
import type { Answers, CreateWorkerHost, HostOrder, LoadRelease, WorkerHost } from "@brood/core/worker";
import { AnswerCounter } from "./answers.ts";
import { limit } from "./app-server.ts";
import { renumberClusterWorker } from "./cluster-script.ts";
import { Departure } from "./departure.ts";
import type { EntryExports, Hook } from "./entry-exports.ts";
import { askItselfUnlessAsked } from "./first-request.ts";
import { probeHealth } from "./health-probe.ts";
import { type HttpHostData, readHostData } from "./host-data.ts";
import { isServiceEndsMessage, isTicketKeysMessage } from "./host-message.ts";
import { IdentityHeaders } from "./identity-headers.ts";
import { Intake } from "./intake.ts";
import { type LoadedApp, loadApp } from "./loaded-app.ts";
import { rehearse } from "./rehearsal.ts";
import { ScriptConventions } from "./script-conventions.ts";
import { shareTicketKeys } from "./tls-tickets.ts";
import { Traffic } from "./traffic.ts";

/** An entry that awaits its own `listen()` at top level ends milliseconds after the worker has opened, and its
 *  hooks are known then. One that awaits its own end (`await once(process, "SIGTERM")`) never does; it must not
 *  hold up the worker for longer than this. */
const LATE_EXPORTS_MS = 1_000;

export const createWorkerHost: CreateWorkerHost = (order) => {
  const hostData = readHostData(order.hostData);
  const script = new ScriptConventions();
  return new HttpHost(order, hostData, script, () => loadApp(order, hostData, script));
};

export const loadRelease: LoadRelease = async (order) => {
  const hostData = readHostData(order.hostData);
  const script = new ScriptConventions();
  const loading = loadApp(order, hostData, script);
  const loaded = await Promise.race([loading, order.holding?.waiting.then(() => null) ?? loading]);
  if (loaded === null) script.loaded();
  return {
    beforeFork: async () => void (await loaded?.exports?.beforeFork?.(order.context)),
    createWorkerHost: (workerOrder) => new HttpHost(workerOrder, hostData, script, () => loading),
  };
};

class HttpHost implements WorkerHost {
  readonly #order: HostOrder;
  readonly #hostData: Required<HttpHostData>;
  readonly #script: ScriptConventions;
  readonly #load: () => Promise<LoadedApp>;
  readonly #traffic: Traffic;
  readonly #answers: AnswerCounter | null;
  #loaded: LoadedApp | null = null;
  #intake: Intake | null = null;
  #exports: EntryExports | null = null;
  /** Of an entry that still runs: settles when its hooks have been called. */
  #lateHooks: Promise<void> | null = null;
  /** The whole server stops. */
  #isStopping = false;

  constructor(
    order: HostOrder,
    hostData: Required<HttpHostData>,
    script: ScriptConventions,
    load: () => Promise<LoadedApp>,
  ) {
    this.#order = order;
    this.#hostData = hostData;
    this.#script = script;
    this.#load = load;
    this.#answers = order.countsAnswers === true ? new AnswerCounter() : null;
    const identity = hostData.exposeGeneration ? new IdentityHeaders(order.context) : null;
    this.#traffic = new Traffic(identity, this.#answers, {
      opened: (connection) => this.#intake?.connectionOpened(connection),
      closed: () => this.#intake?.connectionClosed(),
    });
  }

  async boot(): Promise<void> {
    const { slot, spawn } = this.#order.context;
    // Before the rest of a program that its template has left in the middle.
    if (spawn === "template") this.#script.enterFork(slot);
    if (spawn === "template") renumberClusterWorker(slot);
    const loaded = await this.#load();
    this.#loaded = loaded;
    if (loaded.exports === null) this.#lateHooks = loaded.late.then((late) => this.#callLateHooks(late));
    else await this.#callBootHook(loaded.exports);
    limit(loaded.app, this.#hostData.server);
    this.#traffic.observe(loaded.app.server);
    // As they are now, also for a worker whose template is older than they are.
    const { ticketKeys } = readHostData(this.#order.hostData);
    if (ticketKeys !== null) shareTicketKeys(loaded.app.server, ticketKeys);
  }

  message(payload: unknown, handle: unknown): void {
    if (this.#intake?.message(payload, handle) === true) return;
    if (isTicketKeysMessage(payload) && this.#loaded !== null)
      shareTicketKeys(this.#loaded.app.server, payload.keys);
    else if (isServiceEndsMessage(payload)) {
      this.#isStopping = true;
      this.#intake?.emptyFirst();
      this.#traffic.stopping();
    }
  }

  async open(): Promise<void> {
    if (this.#loaded === null) throw new TypeError("open() before boot()");
    const { capture, app, late } = this.#loaded;
    const { call } = capture;
    const path = /^unix:(.+)/.exec(this.#hostData.addresses[0] ?? "")?.[1] ?? call?.path ?? "unix socket";
    this.#intake = new Intake(this.#order, app.server, this.#hostData);
    await this.#intake.open(path, this.#hostData.addresses, call?.options ?? {});
    capture.opened();
    // Again: a script may have set its own while it began to listen.
    limit(app, this.#hostData.server);
    if (this.#lateHooks !== null && (await settles(late, LATE_EXPORTS_MS))) await this.#lateHooks;
    if (this.#hostData.waitReady) await this.#script.ready;
    const { spawn, signal } = this.#order.context;
    if (spawn === "template") askItselfUnlessAsked(app.server, this.#hostData.warmup, this.#traffic, signal);
  }

  async drain(): Promise<void> {
    if (this.#loaded === null) return;
    const { server } = this.#loaded.app;
    await this.#intake?.close();
    const departure = new Departure(server, {
      ...this.#hostData,
      mover: this.#intake?.mover() ?? null,
      onLingering: () => this.#order.lingering(),
    });
    if (this.#isStopping) departure.stopping();
    await this.#traffic.drain(departure);
  }

  async close(): Promise<void> {
    try {
      await this.#exports?.onWorkerShutdown?.(this.#order.context);
    } finally {
      await this.#loaded?.app.close();
    }
    if (this.#loaded === null) return;
    await this.#script.farewell(this.#loaded.capture.call !== null, this.#order.unref);
  }

  check(): Promise<void> | null {
    const { healthPath } = this.#hostData;
    const exported = this.#exports?.healthCheck;
    if (healthPath === null && exported === undefined) return null;
    return this.#checkBoth(healthPath, exported);
  }

  rehearse(): Promise<void> {
    return rehearse();
  }

  answers(): Answers | undefined {
    return this.#answers?.totals();
  }

  usage(): { readonly requests: number; readonly connections: number; readonly tasks: number } {
    return { requests: this.#traffic.requests, connections: this.#traffic.connections, tasks: 0 };
  }

  async #checkBoth(path: string | null, exported: Hook | undefined): Promise<void> {
    if (exported !== undefined && (await exported(this.#order.context)) === false)
      throw new Error("healthCheck gave false");
    if (path === null || this.#loaded === null) return;
    await probeHealth(this.#loaded.app.server, path, (socket) => this.#traffic.ignore(socket));
  }

  async #callLateHooks(exports: EntryExports): Promise<void> {
    await exports.warmup?.(this.#order.context);
    await this.#callBootHook(exports);
  }

  async #callBootHook(exports: EntryExports): Promise<void> {
    this.#exports = exports;
    await exports.onWorkerBoot?.(this.#order.context);
  }
}

/** Whether it resolves or rejects in time. */
function settles(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), limitMs);
    const settled = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    detached(work.then(settled), settled);
  });
}
