// What draining workers have to be told about the connections that they passed on: others have them (`moved`), or they keep
// them (`returned`). Pure bookkeeping. Each connection is answered once; a worker that has gone is told nothing.

import type { ConnectionId } from "./dispatcher.ts";
import type { WorkerId } from "./names.ts";

/** The worker that passed it on, and its number for it. */
export interface Origin {
  readonly worker: WorkerId;
  readonly token: number;
}

export interface Receipt {
  readonly worker: WorkerId;
  readonly moved: readonly number[];
  readonly returned: readonly number[];
}

export class Receipts {
  readonly #open: Map<ConnectionId, Origin> = new Map();
  readonly #settled: Map<WorkerId, { readonly moved: number[]; readonly returned: number[] }> = new Map();

  expect(id: ConnectionId, origin: Origin): void {
    this.#open.set(id, origin);
  }

  /** Also asked for connections that nobody passed on. */
  taken(id: ConnectionId): void {
    const origin = this.#close(id);
    if (origin !== null) this.#of(origin.worker).moved.push(origin.token);
  }

  /** The supervisor keeps all of them. */
  acknowledgeAll(): void {
    for (const id of [...this.#open.keys()]) this.taken(id);
  }

  returned({ worker, token }: Origin): void {
    this.#of(worker).returned.push(token);
  }

  /** False when nobody waits for it any more. */
  giveBack(id: ConnectionId): boolean {
    const origin = this.#close(id);
    if (origin !== null) this.returned(origin);
    return origin !== null;
  }

  forget(worker: WorkerId): void {
    for (const [id, origin] of this.#open) if (origin.worker === worker) this.#open.delete(id);
    this.#settled.delete(worker);
  }

  /** What is to be told now. */
  drain(): readonly Receipt[] {
    const receipts = [...this.#settled].map(([worker, lists]) => ({ worker, ...lists }));
    this.#settled.clear();
    return receipts;
  }

  #close(id: ConnectionId): Origin | null {
    const origin = this.#open.get(id) ?? null;
    this.#open.delete(id);
    return origin;
  }

  #of(worker: WorkerId): { readonly moved: number[]; readonly returned: number[] } {
    const known = this.#settled.get(worker) ?? { moved: [], returned: [] };
    this.#settled.set(worker, known);
    return known;
  }
}
