// What a soak counts, and by which rule. An error is excused only if a worker ended, unasked or by a kill, while the request
// was under way: it may have been the one that held it. An answer is stale if it was sent after a roll had completed and
// comes from an older generation than that roll's, from another release than its generation's, or from a worker that runs in
// another release's folder. A deploy is stale that completed with an older release than the link named when it was asked for.

import type { RollResult } from "@brood/core";
import type { Sent } from "./load.ts";

/** A reset arrives a little before or after the supervisor knows of the end. */
const SLACK_MS = 1_000;

export class Ledger {
  requests = 0;
  /** How many of each error. */
  readonly excused: Record<string, number> = {};
  stale = 0;
  staleDeploys = 0;
  takenForCode = 0;
  readonly errors: { readonly error: string; readonly atMs: number }[] = [];
  readonly pids: Set<number> = new Set();
  readonly rolls: Record<string, number> = {};
  readonly #beganAtMs = performance.now();
  readonly #deathsAtMs: number[] = [];
  readonly #completed: { readonly generation: number; readonly atMs: number }[] = [];
  /** Release of a generation, as the first answer showed it. */
  readonly #releases = new Map<number, string>();
  readonly #failed: Sent[] = [];

  /** An event of the server. */
  saw(name: string, data: Readonly<Record<string, unknown>>): void {
    const { pid, reason = null, signal = null, result, to } = data;
    if (name === "worker:ready" && typeof pid === "number") this.pids.add(pid);
    if (name === "worker:exited" && (reason !== null || signal !== null))
      this.#deathsAtMs.push(performance.now());
    if (name !== "roll:ended") return;
    this.rolls[String(result)] = (this.rolls[String(result)] ?? 0) + 1;
    if (result === "completed") this.#completed.push({ generation: Number(to), atMs: performance.now() });
  }

  /** A line of the server. */
  heard(line: string): void {
    if (line.includes("found other files than its generation pinned")) this.takenForCode += 1;
  }

  /** @param linked  the release that the link named when the deploy was asked for */
  deployed(linked: number, { result, toRelease }: RollResult): void {
    if (result === "completed" && Number.parseInt(String(toRelease?.version), 10) < linked)
      this.staleDeploys += 1;
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

  #isStale({ sentAtMs, generation, body }: Sent): boolean {
    const [release = "", folder = ""] = body.split(" ");
    if (!this.#releases.has(generation)) this.#releases.set(generation, release);
    if (folder !== release || this.#releases.get(generation) !== release) return true;
    const before = this.#completed.filter(({ atMs }) => atMs < sentAtMs).at(-1);
    return before !== undefined && generation < before.generation;
  }
}
