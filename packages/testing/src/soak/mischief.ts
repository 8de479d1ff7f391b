// What happens to a server during a soak, drawn from a seed: kills, freezes, deploys good and bad, deploys on top of deploys,
// going back, resizes, template deaths. What was asked for goes on in the background; nothing waits for anything.

import { PoolError } from "@brood/core";
import type { Server } from "@brood/http-adapter";
import { signal } from "../inject/target.ts";
import type { Random } from "../simulation/random.ts";
import { BAD_KINDS, writeRelease } from "./releases.ts";

const WORKERS_MIN = 2;
const WORKERS_MAX = 5;

interface Deed {
  readonly weight: number;
  readonly name: string;
  do(): string;
}

export class Mischief {
  readonly counts: Record<string, number> = {};
  readonly #server: Server;
  readonly #folder: string;
  readonly #random: Random;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #deeds: readonly Deed[];
  #releases = 1;

  constructor(server: Server, folder: string, random: Random, heartbeatTimeoutMs: number) {
    this.#server = server;
    this.#folder = folder;
    this.#random = random;
    this.#deeds = [
      { weight: 4, name: "deploy good", do: () => this.#deploy() },
      { weight: 3, name: "deploy bad", do: () => this.#deployBad() },
      { weight: 1, name: "deploy twice", do: () => `${this.#deploy()}, ${this.#deploy()}` },
      { weight: 1, name: "go back", do: () => this.#goBack() },
      { weight: 2, name: "resize", do: () => this.#resize() },
      { weight: 4, name: "kill", do: () => this.#strike("SIGKILL") },
      { weight: 2, name: "terminate", do: () => this.#strike("SIGTERM") },
      { weight: 2, name: "freeze", do: () => this.#freeze(random.durationMs(50, 2 * heartbeatTimeoutMs)) },
      ...(server.stats().spawn === "template"
        ? [{ weight: 2, name: "kill template", do: () => this.#killTemplate() }]
        : []),
    ];
  }

  /** Does one deed; a line that says which. */
  next(): string {
    let left = this.#random.next() * this.#deeds.reduce((sum, { weight }) => sum + weight, 0);
    const deed = this.#deeds.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    if (deed === undefined) return "nothing";
    this.counts[deed.name] = (this.counts[deed.name] ?? 0) + 1;
    return `${deed.name} ${deed.do()}`;
  }

  /** Resolves when everything asked for was answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** A good release, that has to heal whatever there was. */
  async heal(): Promise<string> {
    this.#releases += 1;
    const entry = writeRelease(this.#folder, this.#releases, "good");
    return (await this.#server.restart({ to: entry })).result;
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

  #deploy(kind: Parameters<typeof writeRelease>[2] = "good"): string {
    this.#releases += 1;
    this.#background(this.#server.restart({ to: writeRelease(this.#folder, this.#releases, kind) }));
    return `r${this.#releases}`;
  }

  #deployBad(): string {
    const kind = this.#random.pick(BAD_KINDS);
    return `${this.#deploy(kind)} ${kind}`;
  }

  #goBack(): string {
    const { generation } = this.#random.pick(this.#server.stats().generations);
    this.#background(this.#server.restart({ to: generation }));
    return `gen=${generation}`;
  }

  #resize(): string {
    const desired = this.#random.integer(WORKERS_MIN, WORKERS_MAX);
    this.#background(this.#server.scale(desired));
    return `workers=${desired}`;
  }

  #strike(name: "SIGKILL" | "SIGTERM"): string {
    const pid = this.#victim();
    return pid !== null && signal(pid, name) ? `pid=${pid}` : "nobody";
  }

  #freeze(forMs: number): string {
    const pid = this.#victim();
    if (pid === null || !signal(pid, "SIGSTOP")) return "nobody";
    this.#background(
      new Promise<void>((resolve) => {
        setTimeout(() => {
          if (this.#isOurs(pid)) signal(pid, "SIGCONT");
          resolve();
        }, forMs);
      }),
    );
    return `pid=${pid} for ${Math.round(forMs)} ms`;
  }

  #killTemplate(): string {
    const pid = this.#server.stats().template?.pid ?? null;
    return pid !== null && signal(pid, "SIGKILL") ? `pid=${pid}` : "nobody";
  }

  #victim(): number | null {
    const pids = this.#server.stats().workers.flatMap(({ pid }) => (pid === null ? [] : [pid]));
    return pids.length === 0 ? null : this.#random.pick(pids);
  }

  #isOurs(pid: number): boolean {
    return this.#server.stats().workers.some((each) => each.pid === pid);
  }
}
