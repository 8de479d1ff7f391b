// `createService`: the public face of the engine for services. It checks the options, wires the supervisor to real
// ports, and turns requests into events and answers into promises. All state is in the machine.

import { PoolError } from "./errors.ts";
import type { RollResult, WorkerId } from "./machine/names.ts";
import { integerOption, WORKERS_MAX } from "./options.ts";
import { pinnerOf } from "./pinning.ts";
import { ReleaseResolver } from "./release/release-resolver.ts";
import { checkRestartOptions } from "./restart-options.ts";
import { callbacksOf, isTaken } from "./service-callbacks.ts";
import type { CheckedServiceOptions } from "./service-options.ts";
import type {
  RestartOptions,
  Service,
  ServiceEvents,
  ServiceOptions,
  ServiceStats,
} from "./service-types.ts";
import { SettingsBook } from "./settings.ts";
import { assembleSupervisor, createPublicFace } from "./supervisor/assembly.ts";
import { deepFreeze, type PublicEvents } from "./supervisor/events.ts";
import { waitForHeartbeats } from "./supervisor/fresh-heartbeats.ts";
import { realClock, realEntropy } from "./supervisor/real-ports.ts";
import type { Supervisor } from "./supervisor/supervisor.ts";
import type { Waiters } from "./supervisor/waiters.ts";

/** Makes a service; nothing runs before `start()`.
 *  @throws PoolError BROOD_BAD_OPTION for an option that cannot be used. */
export function createService(options: ServiceOptions): Service {
  const book = new SettingsBook(options, (message) => face.logger.warn(message));
  const { checked } = book.first;
  const face = createPublicFace(checked.name, options.logger);
  const resolver = new ReleaseResolver((message) => face.logger.warn(message));
  const supervisor = assembleSupervisor(face, {
    machine: checked.machine,
    ports: {
      clock: realClock,
      entropy: realEntropy,
      strategiesOf: (config) => book.of(config).strategies,
      resolveRelease: pinnerOf(book, resolver, options.reload),
      stampsOf: (release) => resolver.stampsOf(release),
      ...callbacksOf(options, checked.sockets, face.events.guard),
    },
    takes: ({ name, event }) =>
      name === "worker:message" && isTaken(options, face.events.guard, event.worker, event.payload),
  });
  return new SupervisedService(checked, supervisor, face.waiters, face.events);
}

class SupervisedService implements Service {
  readonly #options: CheckedServiceOptions;
  readonly #supervisor: Supervisor;
  readonly #waiters: Waiters;
  readonly #events: PublicEvents;
  readonly #createdAtMs = realClock.now();
  #started: Promise<void> | null = null;
  #stopped: Promise<void> | null = null;
  #requests = 0;

  constructor(
    options: CheckedServiceOptions,
    supervisor: Supervisor,
    waiters: Waiters,
    events: PublicEvents,
  ) {
    this.#options = options;
    this.#supervisor = supervisor;
    this.#waiters = waiters;
    this.#events = events;
  }

  start(): Promise<void> {
    if (this.#stopped !== null) return Promise.reject(closed("start"));
    if (this.#started === null) {
      this.#started = this.#waiters.forStart();
      this.#supervisor.accept({ type: "StartRequested", entry: this.#options.entry });
    }
    return this.#started;
  }

  async restart(options: RestartOptions = {}): Promise<RollResult> {
    const target = checkRestartOptions(
      options,
      this.#options.folder,
      this.#supervisor.snapshot().generations,
    );
    const requestId = this.#open("restart");
    const result = this.#waiters.forRoll(requestId);
    this.#supervisor.accept({ type: "RestartRequested", requestId, ...target });
    return deepFreeze(await result);
  }

  async scale(workers: number): Promise<void> {
    const desired = integerOption("workers", workers, 1, WORKERS_MAX, 1);
    const requestId = this.#open("scale");
    const done = this.#waiters.forScale(requestId);
    this.#supervisor.accept({ type: "ScaleRequested", requestId, desired });
    return done;
  }

  stop({ now = false }: { readonly now?: boolean } = {}): Promise<void> {
    if (this.#stopped === null) this.#stopped = this.#waiters.forStop();
    else if (!now) return this.#stopped;
    this.#supervisor.accept({ type: "StopRequested", now });
    return this.#stopped;
  }

  announceStop(): void {
    if (this.#stopped === null) this.#supervisor.accept({ type: "StopAnnounced" });
  }

  stats(): ServiceStats {
    const { workers, ...rest } = this.#supervisor.snapshot();
    return deepFreeze({
      name: this.#options.name,
      pid: process.pid,
      uptimeMs: Math.round(realClock.now() - this.#createdAtMs),
      ...rest,
      runtime: this.#options.runtime,
      spawn: this.#options.spawn,
      handoff: null,
      workers: workers.map((worker) => ({
        ...worker,
        threadId: this.#supervisor.handle(worker.worker)?.threadId ?? null,
      })),
    });
  }

  async freshStats(): Promise<ServiceStats> {
    await waitForHeartbeats(this.#supervisor);
    return this.stats();
  }

  post(worker: WorkerId, payload: unknown, handle?: unknown): boolean {
    return this.#supervisor.handle(worker)?.send({ type: "Post", payload }, handle) ?? false;
  }

  reportFailure(error: Error): void {
    this.#events.fail(error);
  }

  recordMoved(worker: WorkerId, count: number): void {
    this.#supervisor.accept({ type: "ConnectionsMoved", from: worker, count });
  }

  reportViolation(worker: WorkerId, detail: string): void {
    const found = this.#supervisor.snapshot().workers.find((each) => each.worker === worker);
    if (found === undefined) return;
    const { requestedGeneration: generation } = found;
    this.#supervisor.accept({ type: "WorkerViolated", worker, generation, detail });
  }

  on<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): this {
    this.#events.on(name, listener);
    return this;
  }

  once<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): this {
    this.#events.once(name, listener);
    return this;
  }

  off<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): this {
    this.#events.off(name, listener);
    return this;
  }

  #open(what: string): string {
    if (this.#started === null || this.#stopped !== null) throw closed(what);
    this.#requests += 1;
    return `${what}-${this.#requests}`;
  }
}

function closed(what: string): PoolError {
  return new PoolError(
    "BROOD_CLOSED",
    `${what}() on a service that is not running: start it first; after stop() create a new one.`,
  );
}
