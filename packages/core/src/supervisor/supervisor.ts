// The only shell: events are queued and stepped one by one, the machine decides, its commands are performed through
// ports. Nothing acts inside a callback, so no event ever sees a half-made change. One timer serves all deadlines.
// A defect (the machine throws) stops our own workers, rejects what is pending and leaves the host alive. Nothing else is a
// defect: an effect that fails is an event of the machine where it has one, else an `error` event, and deadlines do the rest.

import { callbackFailed, detached } from "../callbacks.ts";
import { PoolError } from "../errors.ts";
import { asError, textOf } from "../link/described.ts";
import type { FileStamp } from "../link/protocol.ts";
import type { Announcement, Command } from "../machine/commands.ts";
import type { MachineConfig } from "../machine/config.ts";
import type { MachineEvent, ResolvedRelease } from "../machine/events.ts";
import type { Machine } from "../machine/machine.ts";
import type { FailureReason, Release, SlotIndex, TemplateId, WorkerId } from "../machine/names.ts";
import type { Clock, Entropy } from "../ports/clock.ts";
import type { ResolveRelease } from "../ports/release-resolver.ts";
import type { PassedSocket, SpawnOrder, WorkerHandle, WorkerSink } from "../ports/spawn-strategy.ts";
import type { Strategies } from "../ports/strategies.ts";
import type { TemplateHandle, TemplateSink } from "../ports/template-strategy.ts";
import type { WorkerSeat } from "../service-types.ts";
import { failedSnapshot, isPinnedRelease, type SupervisorSnapshot } from "./snapshots.ts";
import { createTemplateSink } from "./template-port.ts";
import type { Waiters } from "./waiters.ts";
import { createWorkerSink } from "./worker-port.ts";

export interface SupervisorPorts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** How workers of a generation with these settings come to be. */
  strategiesOf(config: MachineConfig): Strategies;
  readonly resolveRelease: ResolveRelease;
  /** By which a worker sees whether the release's files are those that were pinned; none by default. */
  stampsOf?(release: Release): readonly FileStamp[];
  /** What goes with a worker that is about to be spawned. Throws when it cannot be made; none by default. */
  socketsOf?(seat: WorkerSeat): readonly PassedSocket[];
  /** A slot was scaled away. */
  slotClosed?(slot: SlotIndex): void;
  publish(announcement: Announcement): void;
  note(level: "debug" | "warn" | "error", message: string): void;
  fail(error: Error): void;
}

/** Workers that were killed are gone long before. */
const ENDS_WITHIN_MS = 10_000;

type SpawnWorker = Extract<Command, { readonly type: "SpawnWorker" }>;

export class Supervisor {
  readonly #machine: Machine;
  readonly #ports: SupervisorPorts;
  readonly #waiters: Waiters;
  readonly #handles: Map<WorkerId, WorkerHandle> = new Map();
  readonly #templates: Map<TemplateId, TemplateHandle> = new Map();
  readonly #queue: MachineEvent[] = [];
  readonly #observers: Set<(event: MachineEvent) => void> = new Set();
  #isStepping = false;
  #failure: PoolError | null = null;
  #timer: { readonly atMs: number; readonly cancel: () => void } | null = null;

  constructor(machine: Machine, ports: SupervisorPorts, waiters: Waiters) {
    this.#machine = machine;
    this.#ports = ports;
    this.#waiters = waiters;
  }

  /** Takes an event in; it is handled before this returns, unless one is being handled already. Never throws. */
  accept(event: MachineEvent): void {
    this.#queue.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
    } finally {
      this.#isStepping = false;
    }
    this.#arm();
  }

  snapshot(): SupervisorSnapshot {
    const nowMs = this.#ports.clock.now();
    if (this.#failure === null) {
      try {
        return this.#machine.snapshot(nowMs);
      } catch (cause) {
        this.#giveUp(cause);
      }
    }
    return failedSnapshot(this.#machine, nowMs, (worker) => this.#handles.has(worker));
  }

  /** Calls `observer` after each event. Returns what ends it. */
  observe(observer: (event: MachineEvent) => void): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  /** The live link of a worker. */
  handle(worker: WorkerId): WorkerHandle | undefined {
    return this.#handles.get(worker);
  }

  #step(event: MachineEvent): void {
    if (this.#failure !== null) return this.#stepAfterFailure(event);
    const { clock, entropy } = this.#ports;
    let commands: readonly Command[] = [];
    try {
      commands = this.#machine.step(event, { atMs: clock.now(), entropy: entropy.next() });
    } catch (cause) {
      this.#giveUp(cause);
    }
    for (const command of commands) this.#attempt(command.type, () => this.#perform(command));
    this.#forget(event);
    for (const observer of this.#observers) this.#attempt("observer", () => observer(event));
  }

  /** An effect: what it throws is told and nothing else. */
  #attempt(what: string, effect: () => void): void {
    try {
      effect();
    } catch (thrown) {
      const message = `${what} could not be performed: ${textOf(thrown)}.`;
      this.#report(
        new PoolError("BROOD_EFFECT_FAILED", message, { details: { effect: what }, cause: thrown }),
      );
    }
  }

  #report(error: PoolError): void {
    try {
      this.#ports.fail(error);
    } catch {
      // Whom could we tell?
    }
  }

  #perform(command: Command): void {
    switch (command.type) {
      case "ResolveRelease":
        return this.#resolve(command);
      case "SpawnWorker":
        return this.#spawn(command);
      case "SpawnTemplate":
        return this.#build(command);
      case "KillTemplate":
        this.#templates.get(command.template)?.kill();
        return;
      case "AdmitWorker":
        this.#handles.get(command.worker)?.send({ type: "Admit" });
        return;
      case "DrainWorker":
        this.#handles.get(command.worker)?.send({ type: "Drain", timeoutMs: command.timeoutMs });
        return;
      case "KillWorker":
        this.#handles.get(command.worker)?.kill();
        return;
      case "CloseSlot":
        return this.#ports.slotClosed?.(command.slot);
      case "ExamineWorker":
        this.#handles.get(command.worker)?.examine?.();
        return;
      case "AskWorker":
        this.#handles.get(command.worker)?.send({ type: "Report" });
        return;
      case "Publish":
        return this.#ports.publish(command.announcement);
      case "Note":
        return this.#ports.note(command.level, command.message);
      default:
        return this.#waiters.settle(command);
    }
  }

  #spawn(seat: SpawnWorker): void {
    const sink = createWorkerSink(seat, (event) => this.accept(event));
    try {
      const stamps = this.#ports.stampsOf?.(seat.release) ?? [];
      const order = { ...seat, stamps, sockets: this.#ports.socketsOf?.(seat) ?? [] };
      const handle: unknown = this.#spawnBy(seat, order, sink);
      if (!isHandle(handle)) throw callbackFailed("spawn", `gave no worker but ${textOf(handle)}.`, handle);
      this.#handles.set(seat.worker, handle);
    } catch (thrown) {
      sink.failed(asError(thrown));
    }
  }

  #spawnBy({ template: id, config }: SpawnWorker, order: SpawnOrder, sink: WorkerSink): WorkerHandle {
    if (id === null) return this.#ports.strategiesOf(config).strategy.spawn(order, sink);
    const template = this.#templates.get(id);
    if (template === undefined) throw new Error(`template ${id} has ended`);
    return template.fork(order, sink);
  }

  #build(order: Extract<Command, { readonly type: "SpawnTemplate" }>): void {
    const sinkOf = (stamps: readonly FileStamp[]): TemplateSink =>
      createTemplateSink({ ...order, stamps }, (event) => this.accept(event));
    try {
      const stamps = this.#ports.stampsOf?.(order.release) ?? [];
      const { templates } = this.#ports.strategiesOf(order.config);
      if (templates === null) throw new Error("this service has no template strategy");
      this.#templates.set(order.template, templates.build({ ...order, stamps }, sinkOf(stamps)));
    } catch (thrown) {
      sinkOf([]).failed(asError(thrown));
    }
  }

  /** An end was handled: nothing can be asked of that worker or template any more. */
  #forget(event: MachineEvent): void {
    if (event.type === "WorkerExited" || event.type === "WorkerSpawnFailed")
      this.#handles.delete(event.worker);
    if (event.type === "TemplateExited" || event.type === "TemplateSpawnFailed")
      this.#templates.delete(event.template);
  }

  #resolve(order: Extract<Command, { readonly type: "ResolveRelease" }>): void {
    const { generation } = order;
    const reject = (error: unknown): void =>
      this.accept({ type: "ReleaseRejected", generation, reason: reasonOf(error) });
    let resolving: Promise<ResolvedRelease>;
    try {
      // It may be a resolver of somebody else's, and do anything.
      resolving = Promise.resolve(this.#ports.resolveRelease(order));
    } catch (thrown) {
      return reject(thrown);
    }
    const pinning = resolving.then((resolved) => {
      if (isPinnedRelease(resolved)) this.accept({ type: "ReleaseResolved", generation, ...resolved });
      else reject(callbackFailed("resolveRelease", `gave no release but ${textOf(resolved)}.`, resolved));
    });
    detached(pinning, reject);
  }

  #arm(): void {
    try {
      this.#armAt(this.#failure === null ? this.#machine.nextDeadlineAtMs() : null);
    } catch (cause) {
      this.#giveUp(cause);
    }
  }

  #armAt(dueAtMs: number | null): void {
    if (dueAtMs === (this.#timer?.atMs ?? null)) return;
    this.#timer?.cancel();
    this.#timer = null;
    if (dueAtMs === null) return;
    const { clock } = this.#ports;
    const cancel = clock.after(dueAtMs - clock.now(), () => {
      this.#timer = null;
      this.accept({ type: "DeadlinesReached", dueAtMs });
    });
    this.#timer = { atMs: dueAtMs, cancel };
  }

  #giveUp(cause: unknown): void {
    if (this.#failure !== null) return;
    const error = new PoolError("BROOD_BUG", `${textOf(cause)}. All workers of this service were stopped.`, {
      cause,
    });
    this.#failure = error;
    this.#timer?.cancel();
    this.#timer = null;
    for (const handle of [...this.#handles.values(), ...this.#templates.values()])
      this.#attempt("KillWorker", () => handle.kill());
    this.#waiters.rejectAll(error);
    this.#report(error);
    // A strategy that never tells of an end holds up no stop.
    this.#ports.clock.after(ENDS_WITHIN_MS, () => {
      this.#handles.clear();
      this.#templates.clear();
      this.#settleWhenEmpty();
    });
    this.#settleWhenEmpty();
  }

  /** The machine is not asked any more; only ends are waited for. */
  #stepAfterFailure(event: MachineEvent): void {
    this.#forget(event);
    this.#settleWhenEmpty();
  }

  #settleWhenEmpty(): void {
    if (this.#handles.size === 0 && this.#templates.size === 0) this.#waiters.settle({ type: "SettleStop" });
  }
}

/** Of a strategy that may be somebody else's. */
function isHandle(handle: unknown): handle is WorkerHandle {
  if (typeof handle !== "object" || handle === null || !("send" in handle) || !("kill" in handle))
    return false;
  return typeof handle.send === "function" && typeof handle.kill === "function";
}

function reasonOf(error: unknown): FailureReason {
  const code = error instanceof PoolError ? error.code : "BROOD_RELEASE_NOT_FOUND";
  return { code, message: textOf(error) };
}
