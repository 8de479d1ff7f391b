// The simulated template strategy, and every template it has started. What the host does to it (no process can be started,
// no fork succeeds, a template of another generation comes up) is set from outside, as in fleet.ts.

import type {
  Generation,
  Release,
  TemplateHandle,
  TemplateId,
  TemplateOrder,
  TemplateSink,
  TemplateStrategy,
} from "@brood/core/engine";
import type { Files } from "./files.ts";
import type { Fleet, MismatchKind, SpawnErrorKind } from "./fleet.ts";
import type { TemplateMakeup } from "./makeup.ts";
import type { Random } from "./random.ts";
import { SimulatedTemplate } from "./template.ts";
import type { VirtualTime } from "./virtual-time.ts";

const NOBODY: TemplateHandle = {
  fork: () => {
    throw new Error("there is no such process");
  },
  kill: () => {},
};

export class TemplateFleet {
  /** Those whose process lives, by the id they were ordered under. */
  readonly alive: Map<TemplateId, SimulatedTemplate> = new Map();
  readonly #time: VirtualTime;
  readonly #files: Files;
  readonly #random: Random;
  readonly #workers: Fleet;
  readonly #releases: Map<Generation, Release> = new Map();
  readonly #mismatches: MismatchKind[] = [];
  #refusing: { readonly kind: SpawnErrorKind; readonly untilMs: number } = { kind: "throws", untilMs: 0 };
  #forksFailUntilMs = 0;
  #pid = 500;

  constructor(time: VirtualTime, files: Files, random: Random, workers: Fleet) {
    this.#time = time;
    this.#files = files;
    this.#random = random;
    this.#workers = workers;
  }

  /** No template can be started for a while. */
  refuse(kind: SpawnErrorKind, forMs: number): void {
    this.#refusing = { kind, untilMs: this.#time.now() + forMs };
  }

  /** EAGAIN for every fork, for a while. */
  refuseForks(forMs: number): void {
    this.#forksFailUntilMs = this.#time.now() + forMs;
  }

  /** The next template comes up as somebody else. */
  mistake(kind: MismatchKind): void {
    this.#mismatches.push(kind);
  }

  forgetMistakes(): void {
    this.#mismatches.length = 0;
  }

  /** Its templates, and what is forked from them, beat as often as their settings say. */
  strategy(heartbeatIntervalMs: number): TemplateStrategy {
    return { build: (order, sink) => this.#build(order, sink, heartbeatIntervalMs) };
  }

  #build(order: TemplateOrder, sink: TemplateSink, heartbeatIntervalMs: number): TemplateHandle {
    this.#releases.set(order.generation, order.release);
    if (this.#time.now() < this.#refusing.untilMs) return this.#refuse(sink);
    const { behaviour, release } = this.#files.read(order.release.entry);
    this.#pid += 1;
    const { template, generation } = order;
    const intended = { order, template, generation, release, behaviour, heartbeatIntervalMs, pid: this.#pid };
    const mistake = this.#nextMistake(order);
    const built = new SimulatedTemplate(
      { ...intended, ...mistake },
      {
        time: this.#time,
        random: this.#random.fork(),
        fleet: this.#workers,
        refusesForks: () => this.#time.now() < this.#forksFailUntilMs,
      },
      { ...sink, exited: (end) => this.#buried(order.template, () => sink.exited(end)) },
    );
    built.hasBadLink = "template" in mistake;
    this.alive.set(order.template, built);
    return built;
  }

  #refuse(sink: TemplateSink): TemplateHandle {
    const error = new Error("spawn EAGAIN");
    if (this.#refusing.kind === "throws") throw error;
    this.#time.reach(this.#time.now() + 1, () => sink.failed(error));
    return NOBODY;
  }

  #buried(template: TemplateId, report: () => void): void {
    this.alive.delete(template);
    report();
  }

  /** An older generation's code where there is one, under its own number. */
  #nextMistake(order: TemplateOrder): Partial<TemplateMakeup> {
    const kind = this.#mismatches.shift();
    if (kind === undefined) return {};
    if (kind === "worker") return { template: "t0" };
    const older = this.#releases.get(order.generation - 1) ?? order.release;
    const { behaviour, release } = this.#files.read(older.entry);
    if (kind === "entry") return { release: { ...release, entry: "/srv/elsewhere/server.js" } };
    return { generation: order.generation - 1, release, behaviour };
  }
}
