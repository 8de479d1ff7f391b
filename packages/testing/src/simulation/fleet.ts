// The simulated spawn strategy, and everybody it has started. What the host does to it (no process can be started, a
// process of another generation comes up) is set from outside.

import type {
  Generation,
  Release,
  SpawnOrder,
  SpawnStrategy,
  WorkerHandle,
  WorkerId,
  WorkerSink,
} from "@brood/core/engine";
import type { Behaviour } from "./behaviour.ts";
import type { Files } from "./files.ts";
import type { TemplateMakeup, WorkerMakeup } from "./makeup.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual-time.ts";
import { SimulatedWorker } from "./worker.ts";

/** How the operating system refuses: at the call, or later. */
export type SpawnErrorKind = "throws" | "fails";

/** What is wrong with a process that is not who it was ordered to be. */
export type MismatchKind = "generation" | "worker" | "entry";

const NOBODY: WorkerHandle = { send: () => false, kill: () => {} };

export class Fleet {
  /** Those whose process lives, by the id they were ordered under. */
  readonly alive: Map<WorkerId, SimulatedWorker> = new Map();
  readonly #time: VirtualTime;
  readonly #files: Files;
  readonly #random: Random;
  readonly #releases: Map<Generation, Release> = new Map();
  readonly #mismatches: MismatchKind[] = [];
  #refusing: { readonly kind: SpawnErrorKind; readonly untilMs: number } = { kind: "throws", untilMs: 0 };
  #pid = 1_000;

  constructor(time: VirtualTime, files: Files, random: Random) {
    this.#time = time;
    this.#files = files;
    this.#random = random;
  }

  /** EAGAIN for a while. */
  refuse(kind: SpawnErrorKind, forMs: number): void {
    this.#refusing = { kind, untilMs: this.#time.now() + forMs };
  }

  /** The next process comes up as somebody else. */
  mistake(kind: MismatchKind): void {
    this.#mismatches.push(kind);
  }

  forgetMistakes(): void {
    this.#mismatches.length = 0;
  }

  /** Its workers beat as often as their settings say. */
  strategy(heartbeatIntervalMs: number): SpawnStrategy {
    return { kind: "fresh", spawn: (order, sink) => this.#spawn(order, sink, heartbeatIntervalMs) };
  }

  #spawn(order: SpawnOrder, sink: WorkerSink, heartbeatIntervalMs: number): WorkerHandle {
    this.#releases.set(order.generation, order.release);
    if (this.#time.now() < this.#refusing.untilMs) return this.#refuse(sink);
    const { behaviour, release } = this.#files.read(order.release.entry);
    this.#pid += 1;
    const intended = { order, worker: order.worker, generation: order.generation, release, behaviour };
    const makeup = { ...intended, heartbeatIntervalMs, pid: this.#pid };
    return this.#start({ ...makeup, template: null }, sink);
  }

  /** The same process once more, without loading anything: what its template has loaded is what it runs. */
  fork(order: SpawnOrder, template: TemplateMakeup, behaviour: Behaviour, sink: WorkerSink): SimulatedWorker {
    this.#pid += 1;
    const { generation, release, heartbeatIntervalMs } = template;
    const intended = { order, worker: order.worker, generation, release, behaviour };
    const makeup = { ...intended, heartbeatIntervalMs, pid: this.#pid };
    return this.#start({ ...makeup, template: template.template }, sink);
  }

  #start(makeup: WorkerMakeup, sink: WorkerSink): SimulatedWorker {
    const { order } = makeup;
    const mistake = this.#nextMistake(order);
    const worker = new SimulatedWorker({ ...makeup, ...mistake }, this.#time, this.#random.fork(), {
      ...sink,
      exited: (end) => this.#buried(order.worker, () => sink.exited(end)),
    });
    worker.hasBadLink = "worker" in mistake;
    this.alive.set(order.worker, worker);
    return worker;
  }

  #refuse(sink: WorkerSink): WorkerHandle {
    const error = new Error("spawn EAGAIN");
    if (this.#refusing.kind === "throws") throw error;
    this.#time.reach(this.#time.now() + 1, () => sink.failed(error));
    return NOBODY;
  }

  #buried(worker: WorkerId, report: () => void): void {
    this.alive.delete(worker);
    report();
  }

  /** An older generation's code where there is one: the defect that this engine exists for. */
  #nextMistake(order: SpawnOrder): Partial<SimulatedWorker["makeup"]> {
    const kind = this.#mismatches.shift();
    if (kind === undefined) return {};
    if (kind === "worker") return { worker: "w0" };
    const older = this.#releases.get(order.generation - 1) ?? order.release;
    const { behaviour, release } = this.#files.read(older.entry);
    if (kind === "entry") return { release: { ...release, entry: "/srv/elsewhere/server.js" } };
    return { generation: order.generation - 1, release, behaviour };
  }
}
