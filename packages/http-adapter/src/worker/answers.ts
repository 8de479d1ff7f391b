// Counts a worker's answers for canary analysis: by status class, and by how long they took from the request's head to the
// last byte given to the socket. Only there when the analysis is on: it costs a listener and a clock a request.
// A client that goes away before it was answered is an answer too (class 4xx, as nginx's 499): a release that hangs would
// otherwise look faster than one that answers.

import type { ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { type Answers, LATENCY_BUCKETS, latencyBucket } from "@brood/core/worker";

const CLIENT_WENT_AWAY = 499;

export class AnswerCounter {
  readonly #byClass = [0, 0, 0, 0, 0];
  readonly #latency: number[] = new Array<number>(LATENCY_BUCKETS).fill(0);

  follow(response: ServerResponse): void {
    const beganAtMs = performance.now();
    response.once("close", () => {
      this.#count(response.writableFinished ? response.statusCode : CLIENT_WENT_AWAY, beganAtMs);
    });
  }

  followStream(stream: ServerHttp2Stream): void {
    const beganAtMs = performance.now();
    stream.once("close", () => {
      const status = stream.writableFinished ? stream.sentHeaders?.[":status"] : undefined;
      this.#count(Number(status ?? CLIENT_WENT_AWAY), beganAtMs);
    });
  }

  totals(): Answers {
    const last = this.#latency.findLastIndex((count) => count > 0);
    return { byClass: [...this.#byClass], latency: this.#latency.slice(0, last + 1) };
  }

  #count(status: number, beganAtMs: number): void {
    const index = Math.min(4, Math.max(0, Math.floor(status / 100) - 1));
    this.#byClass[index] = (this.#byClass[index] ?? 0) + 1;
    const bucket = latencyBucket(performance.now() - beganAtMs);
    this.#latency[bucket] = (this.#latency[bucket] ?? 0) + 1;
  }
}
