// What happens to a server during a soak, drawn from a seed: kills, freezes, deploys good and bad, deploys on top of deploys,
// going back, resizes, template deaths. What was asked for goes on in the background; nothing waits for anything.

import { PoolError, type ServiceStats } from "@brood/core";
import { signal } from "../inject/target.ts";
import type { Random } from "../simulation/random.ts";
import type { Ledger } from "./ledger.ts";
import { BAD_KINDS, type ReleaseFolders, type ReleaseKind } from "./releases.ts";
import type { SoakServer } from "./server.ts";

const WORKERS_MIN = 2;
const WORKERS_MAX = 5;

interface Deed {
  readonly weight: number;
  readonly name: string;
  do(stats: ServiceStats): string;
}

export interface MischiefOrder {
  readonly server: SoakServer;
  readonly releases: ReleaseFolders;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly heartbeatTimeoutMs: number;
}

export class Mischief {
  readonly counts: Record<string, number> = {};
  readonly #order: MischiefOrder;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #deeds: readonly Deed[];

  constructor(order: MischiefOrder, spawn: "fresh" | "template") {
    const { random, heartbeatTimeoutMs } = order;
    this.#order = order;
    this.#deeds = [
      { weight: 4, name: "deploy good", do: () => this.#deploy() },
      { weight: 3, name: "deploy bad", do: () => this.#deployBad() },
      { weight: 1, name: "deploy twice", do: () => `${this.#deploy()}, ${this.#deploy()}` },
      { weight: 1, name: "go back", do: (stats) => this.#goBack(stats) },
      { weight: 2, name: "resize", do: () => this.#resize() },
      { weight: 4, name: "kill", do: (stats) => this.#strike("SIGKILL", stats) },
      { weight: 2, name: "terminate", do: (stats) => this.#strike("SIGTERM", stats) },
      {
        ...{ weight: 2, name: "freeze" },
        do: (stats) => this.#freeze(random.durationMs(50, 2 * heartbeatTimeoutMs), stats),
      },
      ...(spawn === "template"
        ? [{ weight: 2, name: "kill template", do: (stats: ServiceStats) => this.#killTemplate(stats) }]
        : []),
    ];
  }

  /** Does one deed; a line that says which. */
  async next(): Promise<string> {
    const { random, server } = this.#order;
    let left = random.next() * this.#deeds.reduce((sum, { weight }) => sum + weight, 0);
    const deed = this.#deeds.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    if (deed === undefined) return "nothing";
    this.counts[deed.name] = (this.counts[deed.name] ?? 0) + 1;
    return `${deed.name} ${deed.do(await server.stats())}`;
  }

  /** Resolves when everything asked for was answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** A good release by the command, that has to heal whatever there was. @returns "completed", or why not */
  async heal(): Promise<string> {
    const { server, releases, ledger } = this.#order;
    const release = releases.deploy("good");
    const result = await server.restartByCommand();
    ledger.deployed(release, result);
    return result.reason === undefined ? result.result : `${result.result}: ${result.reason.message}`;
  }

  #background(asked: Promise<unknown>): void {
    const pending = asked
      .catch((error: unknown) => {
        // A size that a bad release does not reach is refused with its reason.
        if (!(error instanceof PoolError) || error.code === "BROOD_BUG") throw error;
      })
      .finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  #deploy(kind: ReleaseKind = "good"): string {
    const { server, releases, ledger } = this.#order;
    const release = releases.deploy(kind);
    this.#background(server.restart().then((result) => ledger.deployed(release, result)));
    return `r${release}`;
  }

  #deployBad(): string {
    const kind = this.#order.random.pick(BAD_KINDS);
    return `${this.#deploy(kind)} ${kind}`;
  }

  #goBack({ generations }: ServiceStats): string {
    const { generation } = this.#order.random.pick(generations);
    this.#background(this.#order.server.restart(generation));
    return `gen=${generation}`;
  }

  #resize(): string {
    const desired = this.#order.random.integer(WORKERS_MIN, WORKERS_MAX);
    this.#background(this.#order.server.scale(desired));
    return `workers=${desired}`;
  }

  #strike(name: "SIGKILL" | "SIGTERM", stats: ServiceStats): string {
    const pid = this.#victim(stats);
    return pid !== null && signal(pid, name) ? `pid=${pid}` : "nobody";
  }

  #freeze(forMs: number, stats: ServiceStats): string {
    const pid = this.#victim(stats);
    if (pid === null || !signal(pid, "SIGSTOP")) return "nobody";
    this.#background(
      new Promise<void>((resolve) => {
        setTimeout(() => resolve(this.#thaw(pid)), forMs);
      }),
    );
    return `pid=${pid} for ${Math.round(forMs)} ms`;
  }

  /** Only one of ours: the pid may be somebody else's by now. */
  async #thaw(pid: number): Promise<void> {
    const { workers } = await this.#order.server.stats();
    if (workers.some((each) => each.pid === pid)) signal(pid, "SIGCONT");
  }

  #killTemplate({ template }: ServiceStats): string {
    const pid = template?.pid ?? null;
    return pid !== null && signal(pid, "SIGKILL") ? `pid=${pid}` : "nobody";
  }

  #victim({ workers }: ServiceStats): number | null {
    const pids = workers.flatMap(({ pid }) => (pid === null ? [] : [pid]));
    return pids.length === 0 ? null : this.#order.random.pick(pids);
  }
}
