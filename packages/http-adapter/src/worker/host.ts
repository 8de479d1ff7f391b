// The worker side of HTTP: what the engine's runtime calls to boot, open, drain and close one worker. Only the
// order of things stands here; each concern has its own file.
//   load   the entry, its application, warmup, the application's own ready (loaded-app.ts; a template does this once)
//   boot   onWorkerBoot
//   check  healthCheck(ctx) of the entry and the health path, each on this worker itself
//   open   listen on the supervisor's sockets; a forked worker that nobody asks then asks itself
//   drain  accept nothing more, answer what was accepted, pass idle connections on, or let them linger
//   close  onWorkerShutdown, then the application (last: Fastify answers 503 from then on), then the script's own end
// Nothing waits for a deadline of its own: the engine has them, and kills.

import type { Server } from "node:net";
import { detached } from "@brood/core/callbacks";
import type { Answers, CreateWorkerHost, HostOrder, LoadRelease, WorkerHost } from "@brood/core/worker";
import { ListenChannel } from "../sharing/listen-channel.ts";
import type { Listener } from "../sharing/listener.ts";
import { describeWanted, differenceOf } from "../sharing/wanted.ts";
import { AnswerCounter } from "./answers.ts";
import { type AppServer, limit, plain } from "./app-server.ts";
import { ClosedForGood } from "./closed-for-good.ts";
import { renumberClusterWorker } from "./cluster-script.ts";
import { Departure } from "./departure.ts";
import type { EntryExports, Hook } from "./entry-exports.ts";
import { askItselfUnlessAsked } from "./first-request.ts";
import { probeHealth } from "./health-probe.ts";
import { type HttpHostData, readHostData } from "./host-data.ts";
import { isServiceEndsMessage, isTicketKeysMessage } from "./host-message.ts";
import { IdentityHeaders } from "./identity-headers.ts";
import { Intake, type Opening } from "./intake.ts";
import { ListenCapture } from "./listen-capture.ts";
import { knownOf, type LoadedApp, loadApp, type ProgramWatch } from "./loaded-app.ts";
import { OtherServers } from "./other-servers.ts";
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
  const watch = watchProgram(hostData);
  return new HttpHost(order, hostData, watch, () => loadApp(order, hostData, watch));
};

export const loadRelease: LoadRelease = async (order) => {
  const hostData = readHostData(order.hostData);
  const watch = watchProgram(hostData, true);
  const loading = loadApp(order, hostData, watch);
  const loaded = await Promise.race([loading, order.holding?.waiting.then(() => null) ?? loading]);
  return {
    beforeFork: async () => void (await loaded?.exports?.beforeFork?.(order.context)),
    createWorkerHost: (workerOrder) => new HttpHost(workerOrder, hostData, watch, () => loading),
  };
};

function watchProgram(hostData: Required<HttpHostData>, isTemplate = false): ProgramWatch {
  return { script: new ScriptConventions(), capture: new ListenCapture(knownOf(hostData), isTemplate) };
}

class HttpHost implements WorkerHost {
  readonly #order: HostOrder;
  readonly #hostData: Required<HttpHostData>;
  readonly #script: ScriptConventions;
  readonly #capture: ListenCapture;
  readonly #load: () => Promise<LoadedApp>;
  readonly #traffic: Traffic;
  readonly #answers: AnswerCounter | null;
  readonly #channel: ListenChannel;
  readonly #prepared = new WeakSet<Server>();
  #loaded: LoadedApp | null = null;
  /** What is served: the script may have listened with another server since it was loaded. */
  #app: AppServer | null = null;
  #others: OtherServers | null = null;
  #leaving: ClosedForGood | null = null;
  #intake: Intake | null = null;
  #exports: EntryExports | null = null;
  /** Of an entry that still runs: settles when its hooks have been called. */
  #lateHooks: Promise<void> | null = null;
  /** The whole server stops. */
  #isStopping = false;

  constructor(
    order: HostOrder,
    hostData: Required<HttpHostData>,
    { script, capture }: ProgramWatch,
    load: () => Promise<LoadedApp>,
  ) {
    this.#order = order;
    this.#hostData = hostData;
    this.#script = script;
    this.#capture = capture;
    this.#load = load;
    this.#channel = new ListenChannel(order);
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
    this.#enter();
    const loaded = await this.#load();
    this.#loaded = loaded;
    if (loaded.exports === null) this.#lateHooks = loaded.late.then((late) => this.#callLateHooks(late));
    else if (loaded.hasBooted) this.#exports = loaded.exports;
    else await this.#callBootHook(loaded.exports);
    await this.#capture.probed();
    const { main } = this.#capture;
    this.#serve(main?.server ?? loaded.app.server, loaded.app);
  }

  message(payload: unknown, handle: unknown): void {
    if (this.#channel.take(payload, handle)) return;
    if (this.#intake?.message(payload, handle) === true) return;
    if (isTicketKeysMessage(payload) && this.#loaded !== null)
      shareTicketKeys((this.#app ?? this.#loaded.app).server, payload.keys);
    else if (isServiceEndsMessage(payload)) {
      this.#isStopping = true;
      this.#intake?.emptyFirst();
      this.#traffic.stopping();
    }
  }

  async open(): Promise<void> {
    if (this.#loaded === null) throw new TypeError("open() before boot()");
    const { late } = this.#loaded;
    const main = await this.#capture.settled();
    const app = this.#serve(main.server, this.#loaded.app);
    this.#sayDifference(main);
    this.#intake = new Intake(this.#order, app.server, this.#hostData);
    await this.#intake.open(this.#openingOf(main));
    this.#capture.opened();
    this.#others = new OtherServers(this.#capture.others, this.#hostData);
    // Again: a script may have set its own while it began to listen.
    limit(app, this.#hostData.server);
    if (this.#lateHooks !== null && (await settles(late, LATE_EXPORTS_MS))) await this.#lateHooks;
    if (this.#hostData.waitReady) await this.#script.ready;
    const { spawn, signal } = this.#order.context;
    if (spawn === "template") askItselfUnlessAsked(app.server, this.#hostData.warmup, this.#traffic, signal);
  }

  async drain(): Promise<void> {
    if (this.#loaded === null) return;
    const { server } = this.#app ?? this.#loaded.app;
    this.#capture.ending();
    this.#leaving?.cancel();
    await this.#intake?.close();
    const departure = new Departure(server, {
      ...this.#hostData,
      mover: this.#intake?.mover() ?? null,
      onLingering: () => this.#order.lingering(),
    });
    if (this.#isStopping) departure.stopping();
    await Promise.all([this.#traffic.drain(departure), this.#others?.drain()]);
  }

  async close(): Promise<void> {
    const isScript = this.#capture.hasCalled;
    try {
      await this.#exports?.onWorkerShutdown?.(this.#order.context);
    } finally {
      await this.#loaded?.app.close();
    }
    if (this.#loaded === null) return;
    await this.#script.farewell(isScript, this.#order.unref);
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

  #enter(): void {
    this.#capture.enter(this.#channel, knownOf(readHostData(this.#order.hostData)), {
      closed: (server) => this.#closedByProgram(server),
      reopened: (main) => detached(this.#reopen(main), leave),
      misjudged: leave,
    });
  }

  #serve(server: Server, loaded: AppServer | null): AppServer {
    const app = server === loaded?.server ? loaded : plain(server, null);
    this.#prepare(app);
    this.#app = app;
    return app;
  }

  /** Before a server gets its first connection. */
  #prepare(app: AppServer): void {
    if (this.#prepared.has(app.server)) return;
    this.#prepared.add(app.server);
    limit(app, this.#hostData.server);
    this.#traffic.observe(app.server);
    // As they are now, also for a worker whose template is older than they are.
    const { ticketKeys } = readHostData(this.#order.hostData);
    if (ticketKeys !== null) shareTicketKeys(app.server, ticketKeys);
  }

  #openingOf(main: Listener): Opening {
    const { addresses, sharing } = this.#hostData;
    const shown = sharing?.isGiven !== false ? addresses : [main.handle.address];
    const path = /^unix:(.+)/.exec(shown[0] ?? "")?.[1] ?? main.call?.path ?? "unix socket";
    const others = this.#capture.secondPublics;
    return { path, addresses: shown, options: main.call?.options ?? {}, given: main.takeSockets(), others };
  }

  /** The script listens elsewhere than it is served, or than $PORT says. */
  #sayDifference({ wanted, call }: Listener): void {
    const { addresses, sharing } = this.#hostData;
    const { port } = knownOf(this.#hostData);
    if (call === null) return;
    const isOnPort = port === null || (wanted.kind === "tcp" && wanted.port === port);
    const own = isOnPort ? null : describeWanted(wanted);
    const wants = sharing?.isGiven !== false ? differenceOf(addresses, wanted) : own;
    if (wants !== null) this.#channel.tell({ brood: "elsewhere", wants, port });
  }

  /** The public server takes nothing more. Unless the program opens one again soon this worker is of no use. */
  #closedByProgram(server: Server): void {
    this.#channel.tell({ brood: "accepting", isAccepting: false });
    this.#intake?.paused();
    this.#leaving?.cancel();
    this.#leaving = new ClosedForGood(server, leave);
  }

  async #reopen(main: Listener): Promise<void> {
    this.#leaving?.cancel();
    this.#leaving = null;
    this.#serve(main.server, this.#loaded?.app ?? null);
    await this.#intake?.reopen(main.server, this.#openingOf(main));
    this.#channel.tell({ brood: "accepting", isAccepting: true });
  }

  async #checkBoth(path: string | null, exported: Hook | undefined): Promise<void> {
    if (exported !== undefined && (await exported(this.#order.context)) === false)
      throw new Error("healthCheck gave false");
    if (path === null || this.#loaded === null) return;
    await probeHealth((this.#app ?? this.#loaded.app).server, path, (socket) => this.#traffic.ignore(socket));
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

/** This worker asks to be replaced: the supervisor starts another one and drains this. */
function leave(): void {
  process.emit("SIGTERM", "SIGTERM");
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
