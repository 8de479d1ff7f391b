// What a soak counts, and by which rule. An error is excused only if a worker ended, unasked or by a kill, while the request
// was under way: it may have been the one that held it. An answer is stale if it was sent after a roll had completed and
// comes from an older generation than that roll's.

import type { Server } from "@brood/http-adapter";
import type { Sent } from "./load.ts";

/** A reset arrives a little before or after the supervisor knows of the end. */
const SLACK_MS = 1_000;

export class Ledger {
  requests = 0;
  /** How many of each error. */
  readonly excused: Record<string, number> = {};
  stale = 0;
  readonly errors: { readonly error: string; readonly atMs: number }[] = [];
  readonly pids: Set<number> = new Set();
  readonly rolls: Record<string, number> = {};
  readonly #beganAtMs = performance.now();
  readonly #deathsAtMs: number[] = [];
  readonly #completed: { readonly generation: number; readonly atMs: number }[] = [];
  readonly #failed: Sent[] = [];

  watch(server: Server): void {
    server.on("worker:ready", ({ pid }) => void (pid !== null && this.pids.add(pid)));
    server.on("worker:exited", ({ reason, signal }) => {
      if (reason !== null || signal !== null) this.#deathsAtMs.push(performance.now());
    });
    server.on("roll:ended", ({ result, to }) => {
      this.rolls[result] = (this.rolls[result] ?? 0) + 1;
      if (result === "completed") this.#completed.push({ generation: to, atMs: performance.now() });
    });
  }

  took(sent: Sent): void {
    this.requests += 1;
    if (sent.error !== null) this.#failed.push(sent);
    else if (this.#isStale(sent)) this.stale += 1;
  }

  /** Judges the errors; a worker's end may have become known after them. */
  close(): void {
    for (const { sentAtMs, endedAtMs, error } of this.#failed) {
      const isHeld = this.#deathsAtMs.some(
        (atMs) => atMs >= sentAtMs - SLACK_MS && atMs <= endedAtMs + SLACK_MS,
      );
      const name = error ?? "";
      if (isHeld) this.excused[name] = (this.excused[name] ?? 0) + 1;
      else this.errors.push({ error: name, atMs: sentAtMs - this.#beganAtMs });
    }
  }

  #isStale({ sentAtMs, generation }: Sent): boolean {
    const before = this.#completed.filter(({ atMs }) => atMs < sentAtMs).at(-1);
    return before !== undefined && (generation ?? 0) < before.generation;
  }
}
