// `exposeGeneration`: each response says which generation and worker made it, whatever else the application puts
// into its head. On http2 the responding methods of the stream are wrapped; its http1-like response uses them too.

import type { ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { WorkerContext } from "@brood/core/worker";
import { addToHead, type HeaderList } from "./response-head.ts";

export class IdentityHeaders {
  readonly #headers: HeaderList;

  constructor(context: WorkerContext) {
    this.#headers = [
      ["x-brood-generation", String(context.generation)],
      ["x-brood-worker", context.worker],
    ];
  }

  onResponse(response: ServerResponse): void {
    addToHead(response, () => this.#headers);
  }

  onStream(stream: ServerHttp2Stream): void {
    this.#wrap(stream, "respond", 0);
    this.#wrap(stream, "respondWithFile", 1);
    this.#wrap(stream, "respondWithFD", 1);
  }

  #wrap(
    stream: ServerHttp2Stream,
    method: "respond" | "respondWithFile" | "respondWithFD",
    at: number,
  ): void {
    const respond = stream[method];
    const stamped = (...args: unknown[]): unknown => {
      args[at] = this.#added(args[at]);
      return Reflect.apply(respond, stream, args);
    };
    Reflect.set(stream, method, stamped);
  }

  /** The headers of a stream: an object, or from Node 24 on a flat list. */
  #added(headers: unknown): unknown {
    if (Array.isArray(headers)) return [...headers, ...this.#headers.flat()];
    return Object.assign(Object.create(null), headers, Object.fromEntries(this.#headers));
  }
}
