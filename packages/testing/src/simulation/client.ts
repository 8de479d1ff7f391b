// Whoever embeds the engine: asks for things as `createService` does, and keeps what became of each promise.

import { detached } from "@brood/core/callbacks";
import type { Generation, RollResult, Supervisor, Waiters } from "@brood/core/engine";
import { CURRENT } from "./files.ts";

export type RequestKind = "start" | "restart" | "scale" | "stop";

export interface ClientRequest {
  readonly id: string;
  readonly kind: RequestKind;
  readonly askedAtMs: number;
  settledAtMs: number | null;
  /** How often it was answered: never more than once. */
  result: RollResult | null;
  error: unknown;
}

export class Client {
  readonly requests: ClientRequest[] = [];
  readonly #supervisor: Supervisor;
  readonly #waiters: Waiters;
  readonly #now: () => number;

  constructor(supervisor: Supervisor, waiters: Waiters, now: () => number) {
    this.#supervisor = supervisor;
    this.#waiters = waiters;
    this.#now = now;
  }

  get pending(): readonly ClientRequest[] {
    return this.requests.filter(({ settledAtMs }) => settledAtMs === null);
  }

  start(): ClientRequest {
    const request = this.#follow("start", this.#waiters.forStart());
    this.#supervisor.accept({ type: "StartRequested", entry: CURRENT });
    return request;
  }

  /** @param to  a generation whose pinned release is to come back. */
  restart(entry: string | null, to?: Generation): ClientRequest {
    const id = this.#nextId("restart");
    const request = this.#follow("restart", this.#waiters.forRoll(id), id);
    this.#supervisor.accept({
      type: "RestartRequested",
      requestId: id,
      entry,
      ...(to === undefined ? {} : { to }),
    });
    return request;
  }

  scale(desired: number): ClientRequest {
    const id = this.#nextId("scale");
    const request = this.#follow("scale", this.#waiters.forScale(id), id);
    this.#supervisor.accept({ type: "ScaleRequested", requestId: id, desired });
    return request;
  }

  announceStop(): void {
    this.#supervisor.accept({ type: "StopAnnounced" });
  }

  /** Repeated calls join; the service passes each on to the machine only while it hurries. */
  stop(now: boolean): ClientRequest {
    const first = this.requests.find(({ kind }) => kind === "stop");
    const request = first ?? this.#follow("stop", this.#waiters.forStop());
    if (first === undefined || now) this.#supervisor.accept({ type: "StopRequested", now });
    return request;
  }

  #nextId(kind: RequestKind): string {
    return `${kind}-${this.requests.length + 1}`;
  }

  #follow(kind: RequestKind, promise: Promise<unknown>, id: string = kind): ClientRequest {
    const request: ClientRequest = {
      id,
      kind,
      askedAtMs: this.#now(),
      settledAtMs: null,
      result: null,
      error: null,
    };
    this.requests.push(request);
    const settled = promise.then((result) => {
      request.settledAtMs = this.#now();
      request.result = isRollResult(result) ? result : null;
    });
    detached(settled, (error) => {
      request.settledAtMs = this.#now();
      request.error = error;
    });
    return request;
  }
}

function isRollResult(value: unknown): value is RollResult {
  return typeof value === "object" && value !== null && "result" in value;
}
