// An application of any kind as one thing that the host can put on sockets: a server, and what is to be awaited
// before and after it serves. Nothing listens here.

import { createServer, type RequestListener } from "node:http";
import type { Server } from "node:net";
import { detached } from "@brood/core/callbacks";
import { type HttpServerOptions, limitsOf, limitsWithDefaults } from "../http-server-options.ts";
import type { AppKind } from "./app-kind.ts";

export interface AppServer {
  readonly server: Server;
  /** The application's own listener, to recognize it when the script listens with it as well. */
  readonly listener: unknown;
  /** Made here, not by the application. */
  readonly isOurs: boolean;
  ready(): PromiseLike<unknown>;
  /** After everything was answered; the server is closed already. */
  close(): PromiseLike<unknown>;
}

/** Takes the limits over; of the defaults only a server that we made. Not for one that speaks no HTTP/1. */
export function limit({ server, isOurs }: AppServer, given: HttpServerOptions): void {
  if (!("headersTimeout" in server)) return;
  Object.assign(server, isOurs ? limitsWithDefaults(given) : limitsOf(given));
}

export type ServableApp = Exclude<AppKind, { readonly kind: "factory" | "unusable" }>;

export async function serverOf(app: ServableApp): Promise<AppServer> {
  switch (app.kind) {
    case "server":
      return plain(app.server, null);
    case "fastify":
      return {
        server: app.app.server,
        listener: null,
        isOurs: false,
        ready: () => app.app.ready(),
        close: () => app.app.close(),
      };
    case "listener":
      return { ...plain(createServer(app.listener), app.listener), isOurs: true };
    case "fetch":
      return { ...plain(createServer(await fetchListener(app.app)), null), isOurs: true };
  }
}

/** srvx streams bodies both ways, aborts `request.signal` when the client goes away, and turns what `fetch` throws
 *  into a 500. Loaded only for applications that need it. */
async function fetchListener(app: Extract<AppKind, { kind: "fetch" }>["app"]): Promise<RequestListener> {
  const { serve } = await import("srvx/node");
  const { node } = serve({ fetch: (request) => app.fetch(request), manual: true, gracefulShutdown: false });
  if (node === undefined) throw new TypeError("srvx/node made no handler");
  return (request, response) =>
    detached(Promise.resolve(node.handler(request, response)), () => response.destroy());
}

export function plain(server: Server, listener: unknown): AppServer {
  return { server, listener, isOurs: false, ready: async () => {}, close: async () => {} };
}
