// The worker side of HTTP: what the engine's runtime calls to boot, open, drain and close one worker. Only the
// order of things stands here; each concern has its own file.
//   load   the entry, its application, warmup, the application's own ready (loaded-app.ts; a template does this once)
//   boot   onWorkerBoot
//   open   listen on the supervisor's sockets
//   drain  accept nothing more, answer what was accepted, let idle connections linger
//   close  onWorkerShutdown, then the application (last: Fastify answers 503 from then on)
// Nothing waits for a deadline of its own: the engine has them, and kills.

import type { CreateWorkerHost, HostOrder, LoadRelease, WorkerHost } from "@brood/core/worker";
import type { EntryExports } from "./entry-exports.ts";
import { type HttpHostData, readHostData } from "./host-data.ts";
import { IdentityHeaders } from "./identity-headers.ts";
import { type LoadedApp, loadApp } from "./loaded-app.ts";
import { SharedSockets } from "./shared-sockets.ts";
import { Traffic } from "./traffic.ts";

/** An entry that awaits its own `listen()` at top level ends milliseconds after the worker has opened, and its
 *  hooks are known then. One that awaits its own end (`await once(process, "SIGTERM")`) never does; it must not
 *  hold up the worker for longer than this. */
const LATE_EXPORTS_MS = 1_000;

export const createWorkerHost: CreateWorkerHost = (order) => {
  const hostData = readHostData(order.hostData);
  return new HttpHost(order, hostData, () => loadApp(order, hostData));
};

export const loadRelease: LoadRelease = async (order) => {
  const hostData = readHostData(order.hostData);
  const loaded = await loadApp(order, hostData);
  return {
    beforeFork: async () => void (await loaded.exports?.beforeFork?.(order.context)),
    createWorkerHost: (workerOrder) => new HttpHost(workerOrder, hostData, async () => loaded),
  };
};

class HttpHost implements WorkerHost {
  readonly #order: HostOrder;
  readonly #hostData: Required<HttpHostData>;
  readonly #load: () => Promise<LoadedApp>;
  readonly #traffic: Traffic;
  #loaded: LoadedApp | null = null;
  #sockets: SharedSockets | null = null;
  #exports: EntryExports | null = null;
  /** Of an entry that still runs: settles when its hooks have been called. */
  #lateHooks: Promise<void> | null = null;

  constructor(order: HostOrder, hostData: Required<HttpHostData>, load: () => Promise<LoadedApp>) {
    this.#order = order;
    this.#hostData = hostData;
    this.#load = load;
    this.#traffic = new Traffic(hostData.exposeGeneration ? new IdentityHeaders(order.context) : null);
  }

  async boot(): Promise<void> {
    const loaded = await this.#load();
    this.#loaded = loaded;
    if (loaded.exports === null) this.#lateHooks = loaded.late.then((late) => this.#callLateHooks(late));
    else await this.#callBootHook(loaded.exports);
    this.#traffic.observe(loaded.app.server);
  }

  async open(): Promise<void> {
    if (this.#loaded === null) throw new TypeError("open() before boot()");
    const { capture, app, late } = this.#loaded;
    const { call } = capture;
    const path = /^unix:(.+)/.exec(this.#hostData.addresses[0] ?? "")?.[1] ?? call?.path ?? "unix socket";
    this.#sockets = await SharedSockets.open(app.server, this.#order.sockets, path, call?.options ?? {});
    capture.opened();
    if (this.#lateHooks !== null && (await settles(late, LATE_EXPORTS_MS))) await this.#lateHooks;
  }

  async drain(): Promise<void> {
    this.#sockets?.close();
    await this.#traffic.drain(this.#hostData.lingerMs);
  }

  async close(): Promise<void> {
    try {
      await this.#exports?.onWorkerShutdown?.(this.#order.context);
    } finally {
      await this.#loaded?.app.close();
    }
  }

  usage(): { readonly requests: number; readonly connections: number; readonly tasks: number } {
    return { requests: this.#traffic.requests, connections: this.#traffic.connections, tasks: 0 };
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
    work.then(settled, settled);
  });
}
