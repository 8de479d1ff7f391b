// The worker side of HTTP: what the engine's runtime calls to boot, open, drain and close one worker. Only the
// order of things stands here; each concern has its own file.
//   boot   load the entry, find the application, warmup, the application's own ready, onWorkerBoot
//   open   listen on the supervisor's sockets
//   drain  accept nothing more, answer what was accepted, let idle connections linger
//   close  onWorkerShutdown, then the application (last: Fastify answers 503 from then on)
// Nothing waits for a deadline of its own: the engine has them, and kills.

import type { CreateWorkerHost, HostOrder, WorkerHost } from "@brood/core/worker";
import { type AppServer, plain } from "./app-server.ts";
import { chooseApplication } from "./application.ts";
import { publishContext } from "./context-key.ts";
import { type EntryExports, isCommonJsFile, readEntryExports } from "./entry-exports.ts";
import { type HttpHostData, readHostData } from "./host-data.ts";
import { IdentityHeaders } from "./identity-headers.ts";
import { Intake } from "./intake.ts";
import { ListenCapture } from "./listen-capture.ts";
import { Traffic } from "./traffic.ts";

/** An entry that awaits its own `listen()` at top level ends milliseconds after the worker has opened, and its
 *  hooks are known then. One that awaits its own end (`await once(process, "SIGTERM")`) never does; it must not
 *  hold up the worker for longer than this. */
const LATE_EXPORTS_MS = 1_000;

export const createWorkerHost: CreateWorkerHost = (order) =>
  new HttpHost(order, readHostData(order.hostData));

class HttpHost implements WorkerHost {
  readonly #order: HostOrder;
  readonly #hostData: Required<HttpHostData>;
  readonly #capture = new ListenCapture();
  readonly #traffic: Traffic;
  #app: AppServer | null = null;
  #intake: Intake | null = null;
  #exports: EntryExports | null = null;
  /** Of an entry that listens and still runs. What rejects here unheard ends the process, as it would without us. */
  #late: { readonly loaded: Promise<unknown>; readonly hooked: Promise<void> } | null = null;

  constructor(order: HostOrder, hostData: Required<HttpHostData>) {
    this.#order = order;
    this.#hostData = hostData;
    this.#traffic = new Traffic(hostData.exposeGeneration ? new IdentityHeaders(order.context) : null);
  }

  async boot(): Promise<void> {
    publishContext(this.#order.context);
    this.#capture.install();
    const loading = this.#load();
    const stillRunning = this.#capture.first.then(nextTurn).then(() => null);
    const exports = await Promise.race([loading, stillRunning]);
    if (exports === null) {
      this.#app = plain(await this.#capture.first, null);
      this.#late = { loaded: loading, hooked: loading.then((late) => this.#callBootHooks(late, null)) };
    } else {
      this.#app = await chooseApplication(exports, this.#capture, this.#order);
      await this.#callBootHooks(exports, this.#app);
    }
    this.#traffic.observe(this.#app.server);
  }

  async open(): Promise<void> {
    if (this.#app === null) throw new TypeError("open() before boot()");
    const call = this.#capture.call;
    const path = /^unix:(.+)/.exec(this.#hostData.addresses[0] ?? "")?.[1] ?? call?.path ?? "unix socket";
    const { handoff, addresses } = this.#hostData;
    this.#intake = new Intake(this.#order, this.#app.server, handoff);
    await this.#intake.open(path, addresses[0] ?? "", call?.options ?? {});
    this.#capture.opened();
    if (this.#late !== null && (await settles(this.#late.loaded, LATE_EXPORTS_MS))) await this.#late.hooked;
  }

  async drain(): Promise<void> {
    await this.#intake?.close();
    await this.#traffic.drain(this.#hostData.lingerMs);
  }

  async close(): Promise<void> {
    try {
      await this.#exports?.onWorkerShutdown?.(this.#order.context);
    } finally {
      await this.#app?.close();
    }
  }

  message(payload: unknown, handle: unknown): void {
    this.#intake?.message(payload, handle);
  }

  usage(): { readonly requests: number; readonly connections: number; readonly tasks: number } {
    return { requests: this.#traffic.requests, connections: this.#traffic.connections, tasks: 0 };
  }

  async #load(): Promise<EntryExports> {
    const exported = await this.#order.loadEntry();
    return readEntryExports(exported, isCommonJsFile(this.#order.context.release.entry));
  }

  async #callBootHooks(exports: EntryExports, app: AppServer | null): Promise<void> {
    this.#exports = exports;
    await exports.warmup?.(this.#order.context);
    await app?.ready();
    await exports.onWorkerBoot?.(this.#order.context);
  }
}

/** What was imported has settled by the next turn of the event loop, unless it awaits something itself. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
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
