// A template: loads one release, makes sure that it can be copied, and then only forks. It never serves.
//   Hello (who I am, what I found on disk) -> load, warmup, beforeFork -> preflight -> collect garbage -> Ready, heartbeats
//   -> Fork: a worker, or why not   -> Reap: its zombie may go
// It refuses a worker of another generation than its own, whoever asks. Everything that a fork takes along by copying and
// must not have (this link, the siblings' pidfds, the heartbeat) is dropped in the child before its loop turns.

import { format } from "node:util";
import { PoolError } from "../errors.ts";
import { asError, wireErrorOf } from "../link/described.ts";
import { detached } from "../link/detached.ts";
import { createFrameWriter } from "../link/frames.ts";
import { encodeJson } from "../link/json-frame.ts";
import type { BootOrder } from "../link/protocol.ts";
import type { TemplateBootOrder, TemplateCommand, TemplateMessage } from "../link/template-protocol.ts";
import type { WorkerId } from "../machine/names.ts";
import type { Binding, FramedLink } from "../native/index.ts";
import { foundRelease } from "../release/stamps.ts";
import type { LoadedRelease, LoadRelease, MutableContext } from "../worker/host.ts";
import { loadEntry } from "../worker/load-entry.ts";
import { loadPlainRelease } from "../worker/plain-host.ts";
import { becomeWorker } from "./become-worker.ts";
import { compileOnCall, forgetUnused, keepCompiled } from "./compilation.ts";
import { collectGarbage } from "./garbage.ts";
import { limitHeapGrowth } from "./heap-growth.ts";
import { type HeldThings, Readiness } from "./held/index.ts";
import type { HeldSignals } from "./held-signals.ts";
import type { Identity } from "./identity.ts";
import { ParkedTimers } from "./parked-timers.ts";
import { Preflight, unsafe } from "./preflight.ts";
import type { Randomness } from "./randomness.ts";
import { rehearse, tick } from "./rehearsal.ts";
import type { SnapshotCallbacks } from "./startup-snapshot.ts";
import { WrittenPages } from "./written-pages.ts";

const { setInterval, clearInterval } = globalThis;

type Unsigned<Message> = Message extends unknown ? Omit<Message, "template" | "generation"> : never;

export interface TemplateParts {
  readonly binding: Binding;
  readonly link: FramedLink;
  readonly randomness: Randomness;
  readonly snapshot: SnapshotCallbacks;
  readonly signals: HeldSignals;
  readonly identity: Identity;
  readonly held: HeldThings;
}

/** The release as it is loaded here, ready to be copied. */
interface Loaded {
  readonly order: TemplateBootOrder;
  readonly release: LoadedRelease;
  readonly context: MutableContext;
  readonly draining: AbortController;
  readonly written: WrittenPages;
  readonly preflight: Preflight;
  readonly readiness: Readiness;
}

export class Template {
  readonly #parts: TemplateParts;
  readonly #writer = createFrameWriter<TemplateMessage>();
  /** Pidfds of workers that were forked and not reaped yet. */
  readonly #forks: Map<WorkerId, number> = new Map();
  readonly #onUncaught = (error: unknown): void => this.#confess(error);
  #order: TemplateBootOrder | null = null;
  #loaded: Loaded | null = null;
  readonly #timers: ParkedTimers = new ParkedTimers();
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(parts: TemplateParts) {
    this.#parts = parts;
  }

  /** The descriptors belong to this from here on. */
  receive(command: TemplateCommand, descriptors: readonly number[]): void {
    switch (command.type) {
      case "BootTemplate":
        this.#order = command.order;
        detached(this.#boot(command.order), (error) => this.#fail(error));
        return;
      case "Fork":
        return this.#fork(command.order, command.hasStdout, descriptors);
      case "Reap":
        return this.#reap(command.worker);
    }
  }

  /** Of the command's descriptors so many are lost: this process may open no more. */
  receiveCutOff(command: TemplateCommand, dropped: number): void {
    if (command.type !== "Fork") return this.receive(command, []);
    const message = `EMFILE recvmsg: ${dropped} descriptors for the worker were dropped, the template may open no more`;
    this.#send({ type: "ForkRefused", worker: command.order.worker, message });
  }

  async #boot(order: TemplateBootOrder): Promise<void> {
    process.title = `brood ${order.name} template gen=${order.generation}`;
    process.on("uncaughtExceptionMonitor", this.#onUncaught);
    const found = await foundRelease(order.release, order.stamps);
    this.#send({ type: "Hello", release: found, pid: process.pid });
    const draining = new AbortController();
    const context = contextOf(order, found, draining.signal);
    const load = await loaderOf(order.host);
    compileOnCall();
    const preflight = new Preflight(this.#timers, order.hold);
    const { held } = this.#parts;
    if (!order.hold) held.perform();
    const readiness = new Readiness(held, preflight.origins, this.#timers);
    const watching = readiness.watch();
    const release = await load({
      context,
      hostData: order.hostData,
      loadEntry: () => loadEntry(found.entry).finally(() => this.#parts.identity.loaded()),
      holding: readiness,
    });
    readiness.end();
    await watching;
    tellReaders(this.#parts.identity.loaded());
    await release.beforeFork();
    this.#parts.snapshot.serialize();
    const findings = await preflight.findings();
    if (findings.length > 0 && order.unsafe === "refuse") throw unsafe(findings);
    if (findings.length > 0) process.stderr.write(`brood: the template ${unsafe(findings).message}\n`);
    this.#parts.randomness.settle();
    keepCompiled();
    await rehearse(this.#parts.randomness);
    limitHeapGrowth();
    collectGarbage(this.#parts.binding);
    forgetUnused();
    await tick();
    const written = new WrittenPages(this.#parts.binding);
    preflight.settle();
    this.#loaded = { order, release, context, draining, written, preflight, readiness };
    this.#heartbeat = setInterval(() => this.#send({ type: "Heartbeat" }), order.heartbeatIntervalMs);
    const counts = { ...held.counts(), timers: this.#timers.parked };
    this.#send({ type: "Ready", held: counts, isWaiting: readiness.isWaiting });
  }

  #fork(order: BootOrder, hasStdout: boolean, descriptors: readonly number[]): void {
    const { binding } = this.#parts;
    const loaded = this.#loadedFor(order);
    if (typeof loaded === "string") {
      for (const each of descriptors) binding.close(each);
      return this.#send({ type: "ForkRefused", worker: order.worker, message: loaded });
    }
    let forked: ReturnType<Binding["forkSibling"]>;
    try {
      const since = loaded.preflight.findingsSince([...descriptors, ...this.#forks.values()]);
      if (since.length > 0 && loaded.order.unsafe === "refuse") return this.#fail(unsafe(since));
      this.#parts.identity.measure();
      forked = binding.forkSibling(loaded.written.memory);
    } catch (error) {
      for (const each of descriptors) binding.close(each);
      const message = error instanceof Error ? error.message : String(error);
      return this.#send({ type: "ForkRefused", worker: order.worker, message });
    }
    if (forked === null) return this.#leaveTemplate(order, loaded, hasStdout, descriptors);
    const [pid, pidfd] = forked;
    for (const each of descriptors) binding.close(each);
    this.#forks.set(order.worker, pidfd);
    this.#send({ type: "Forked", worker: order.worker, pid }, [pidfd]);
  }

  /** Or why not: a template forks for its own generation only, what it has in memory cannot be another's code. */
  #loadedFor({ generation }: BootOrder): Loaded | string {
    if (this.#loaded === null) return "the template has not loaded its release yet";
    const own = this.#loaded.order.generation;
    if (generation === own) return this.#loaded;
    return `the template is of generation ${own}, asked for was ${generation}`;
  }

  /** In the child. Synchronous to the end: nothing may run in between with the template's identity. */
  #leaveTemplate(order: BootOrder, loaded: Loaded, hasStdout: boolean, descriptors: readonly number[]): void {
    const { binding, link, randomness, snapshot, signals, identity, held } = this.#parts;
    clearInterval(this.#heartbeat);
    link.close();
    for (const pidfd of this.#forks.values()) binding.close(pidfd);
    this.#forks.clear();
    process.off("uncaughtExceptionMonitor", this.#onUncaught);
    const { release, context, draining, written, preflight, readiness } = loaded;
    preflight.end();
    readiness.enterWorker();
    signals.release();
    const whenReady = written.ready.bind(written);
    const inheritance = { loaded: release, context, draining, whenReady };
    const timers = this.#timers;
    becomeWorker({
      binding,
      randomness,
      snapshot,
      timers,
      held,
      identity,
      order,
      hasStdout,
      descriptors,
      inheritance,
    });
  }

  /** The supervisor has seen the end, so there is a zombie; only its parent can bury it. */
  #reap(worker: WorkerId): void {
    const pidfd = this.#forks.get(worker);
    if (pidfd === undefined) return;
    this.#parts.binding.processEnd(pidfd);
    this.#parts.binding.close(pidfd);
    this.#forks.delete(worker);
  }

  #send(message: Unsigned<TemplateMessage>, descriptors: readonly number[] = []): void {
    const { template, generation } = this.#order ?? { template: "t0", generation: 0 };
    const signed = { template, generation, ...message } as TemplateMessage;
    // Also when the link is full: nobody is told of that here, so the gap must show at the other end.
    this.#writer.write(signed, (frame) => {
      this.#parts.link.send(encodeJson(frame), descriptors);
      return true;
    });
  }

  #fail(error: unknown): void {
    process.stderr.write(`${error instanceof PoolError ? error.message : format(error)}\n`);
    this.#confess(error);
    process.exit(1);
  }

  #confess(error: unknown): void {
    const { message, stack } = asError(error);
    const code = error instanceof PoolError ? error.code : "BROOD_BOOT_FAILED";
    const what = error instanceof PoolError ? message : `failed to load the release: ${message}`;
    this.#send({ type: "Failed", error: wireErrorOf(code, what, stack) });
  }
}

/** What they have kept is no worker's. */
function tellReaders(readers: readonly string[]): void {
  if (readers.length === 0) return;
  process.stderr.write(
    `brood: process.pid was read while the release loaded, by ${readers.join(", ")}. ` +
      "What was kept of it is the template's pid in every worker; read it in onWorkerBoot.\n",
  );
}

async function loaderOf(host: string | null): Promise<LoadRelease> {
  if (host === null) return loadPlainRelease;
  const module: { readonly loadRelease?: LoadRelease } = await import(host);
  if (module.loadRelease !== undefined) return module.loadRelease;
  throw new PoolError(
    "BROOD_TEMPLATE_UNSUPPORTED",
    `host ${host} exports no loadRelease, so its releases cannot be loaded in a template. Use spawn: fresh.`,
  );
}

function contextOf(
  order: TemplateBootOrder,
  release: MutableContext["release"],
  signal: AbortSignal,
): MutableContext {
  const { generation, name } = order;
  return { slot: -1, worker: "w0", generation, release, name, spawn: "template", runtime: "process", signal };
}
