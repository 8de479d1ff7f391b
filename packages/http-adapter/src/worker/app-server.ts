// An application of any kind as one thing that the host can put on sockets: a server, and what is to be awaited
// before and after it serves. Nothing listens here.

import { createServer, type RequestListener } from "node:http";
import type { Server } from "node:net";
import { detached } from "@brood/core/callbacks";
import { type HttpServerOptions, limitsOf, limitsWithDefaults } from "../http-server-options.ts";
import { type AppKind, type FastifyPlugin, kindOfApp, type ServedApp } from "./app-kind.ts";

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

/** What a program can import, of its own packages. @throws when it has none of that name */
export type LoadPackage = (name: string) => Promise<unknown>;

export async function serverOf(app: ServableApp, load: LoadPackage): Promise<AppServer> {
  switch (app.kind) {
    case "server":
      return plain(app.server, null);
    case "served":
      return servedBy(app.app);
    case "plugin":
      return pluginServer(app.plugin, load);
    case "koa":
      return listenerServer(app.listenerOf());
    case "h3":
      return listenerServer(methodOf(await load("h3"), "toNodeListener")(app.app));
    case "listener":
      return listenerServer(app.listener);
    case "fetch":
      return { ...plain(createServer(await fetchListener(app.app)), null), isOurs: true };
  }
}

function listenerServer(listener: unknown): AppServer {
  if (!isListener(listener)) throw new TypeError("the application made no request listener");
  return { ...plain(createServer(listener), listener), isOurs: true };
}

/** As fastify-cli starts one: the program's own Fastify, with the options that stand beside the plugin. */
async function pluginServer(plugin: FastifyPlugin, load: LoadPackage): Promise<AppServer> {
  const options: unknown = Reflect.get(plugin, "options");
  const instance = methodOf(await load("fastify"), "default")(options ?? {});
  if (typeof instance !== "object" || instance === null) throw new TypeError("fastify made no instance");
  methodOf(instance, "register")(plugin, {});
  const kind = kindOfApp(instance);
  if (kind.kind !== "served") throw new TypeError("fastify made no instance");
  return servedBy(kind.app);
}

export function servedBy({ server, ready, close }: ServedApp): AppServer {
  return { server, listener: null, isOurs: false, ready, close };
}

function isListener(value: unknown): value is RequestListener {
  return typeof value === "function";
}

function methodOf(holder: unknown, name: string): (...parameters: readonly unknown[]) => unknown {
  const method: unknown = Reflect.get(Object(holder), name);
  if (typeof method !== "function") throw new TypeError(`${name} is missing in a package of the application`);
  return (...parameters) => Reflect.apply(method, holder, parameters);
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
