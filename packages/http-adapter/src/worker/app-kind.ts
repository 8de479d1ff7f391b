// What kind of application a value is. Pure: looks, touches nothing. By shape and not by class, because the application brings
// its own copies of Express, Fastify and Hono; only Node's servers are known by class. The order matters: a Fastify instance and
// an Express app may carry a `fetch` of their own, an Express app is a function. A function is known by its parameters: two and
// more answer requests (or are a Fastify plugin), none or one make the application. What is left over is described in words for
// the error message.

import type { IncomingMessage, ServerResponse } from "node:http";
import { Server } from "node:net";
import type { WorkerContext } from "@brood/core/worker";
import { APP_FACTORY, type DefinedApp } from "../define-app.ts";
import { inWords, isClass, parametersOf } from "./value-words.ts";

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => unknown;

export type FastifyPlugin = (fastify: unknown, options: unknown) => unknown;

/** What carries a server, and has to be started and ended. */
export interface ServedApp {
  readonly server: Server;
  /** It may be made ready again, though the script has started it. */
  readonly isFastify: boolean;
  ready(): PromiseLike<unknown>;
  close(): PromiseLike<unknown>;
}

export interface FetchApp {
  fetch(request: Request): Response | Promise<Response>;
}

export type AppKind =
  /** `isSure`: it was marked by defineApp. Else it may answer a fetch request. */
  | {
      readonly kind: "factory";
      readonly create: (context: WorkerContext) => unknown;
      readonly isSure: boolean;
    }
  | { readonly kind: "server"; readonly server: Server }
  /** Fastify, hapi, Nest: what `app` says. */
  | { readonly kind: "served"; readonly app: ServedApp }
  | { readonly kind: "plugin"; readonly plugin: FastifyPlugin }
  | { readonly kind: "fetch"; readonly app: FetchApp }
  | { readonly kind: "listener"; readonly listener: RequestListener }
  | { readonly kind: "koa"; readonly listenerOf: () => unknown }
  /** An app of h3 1, which only h3's own function can turn into a listener. */
  | { readonly kind: "h3"; readonly app: object }
  /** `found` ends the sentence "its default export is ...". */
  | { readonly kind: "unusable"; readonly found: string };

/** For the sentence "accepted are ...". */
export const ACCEPTED_APPS: string =
  "a (req, res) listener or an app of Express, Koa, Polka or h3, an instance of Fastify, hapi, restify or Nest, a Fastify " +
  "plugin, an http, https or http2 server, an object with fetch(request), a function that returns any of these, or a script " +
  "that calls listen()";

/** @param hasFastify  the program can load Fastify: a function `(fastify, options)` may be a plugin of it */
export function kindOfApp(value: unknown, hasFastify = false): AppKind {
  if (value instanceof Server) return { kind: "server", server: value };
  if (isFunction(value)) return kindOfFunction(value, hasFastify);
  if (isObject(value)) return kindOfObject(value);
  return { kind: "unusable", found: inWords(value) };
}

function kindOfObject(value: object): AppKind {
  if (value instanceof Promise) return { kind: "factory", create: () => value, isSure: true };
  if (isDefinedApp(value)) return { kind: "factory", create: value[APP_FACTORY], isSure: true };
  const served = servedApp(value);
  if (served !== null) return { kind: "served", app: served };
  if (isFetchApp(value)) return { kind: "fetch", app: value };
  if (has(value, "callback") && has(value, "use"))
    return { kind: "koa", listenerOf: () => call(value, "callback") };
  // Polka.
  if (has(value, "handler") && has(value, "listen") && has(value, "use"))
    return { kind: "listener", listener: (...pair) => call(value, "handler", ...pair) };
  if (has(value, "handler") && "stack" in value && has(value, "use")) return { kind: "h3", app: value };
  const server: unknown = Reflect.get(value, "server");
  if (server instanceof Server && has(value, "listen")) return { kind: "server", server };
  return { kind: "unusable", found: inWords(value) };
}

/** Fastify, hapi, Nest: a server that is theirs, and a start and an end that are asynchronous. */
function servedApp(value: object): ServedApp | null {
  const methods = (server: unknown, ready: string, close: string): ServedApp | null =>
    server instanceof Server
      ? {
          server,
          isFastify: ready === "ready",
          ready: async () => call(value, ready),
          close: async () => call(value, close),
        }
      : null;
  if (has(value, "ready") && has(value, "close") && has(value, "inject"))
    return methods(Reflect.get(value, "server"), "ready", "close");
  if (has(value, "initialize") && has(value, "stop") && has(value, "inject"))
    return methods(Reflect.get(value, "listener"), "initialize", "stop");
  if (has(value, "init") && has(value, "close") && has(value, "getHttpServer"))
    return methods(call(value, "getHttpServer"), "init", "close");
  return null;
}

type AnyFunction = (...parameters: readonly unknown[]) => unknown;

function kindOfFunction(callable: AnyFunction, hasFastify: boolean): AppKind {
  const value: object & { readonly length: number } = callable;
  if (isClass(value)) return { kind: "unusable", found: inWords(value) };
  const isPlugin = SKIP_OVERRIDE in value || (hasFastify && value.length === 2 && namesFastify(value));
  if (isPlugin) return { kind: "plugin", plugin: callable };
  const isAdapter = has(value, "fetch") && has(value, "handleNodeRequest");
  if (value.length >= 2 || isAdapter || parametersOf(value).takesRest)
    return { kind: "listener", listener: callable };
  if (isFetchApp(value)) return { kind: "fetch", app: value };
  // Without its text `(request) => new Response(…)` looks as what makes an application.
  if (/^req(uest)?$/i.test(parametersOf(value).first))
    return { kind: "fetch", app: { fetch: callable as FetchApp["fetch"] } };
  return { kind: "factory", create: callable, isSure: false };
}

/** On each function that went through fastify-plugin. */
const SKIP_OVERRIDE: unique symbol = Symbol.for("skip-override");

/** A listener and a plugin have two parameters each, and only their names tell them apart. */
function namesFastify(value: object): boolean {
  return /^(fastify|app|instance|server|scope)$/i.test(parametersOf(value).first);
}

function isDefinedApp(value: object): value is DefinedApp {
  return typeof Reflect.get(value, APP_FACTORY) === "function";
}

function isFetchApp(value: object): value is FetchApp {
  return has(value, "fetch");
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === "function";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function has(value: object, method: string): boolean {
  return typeof Reflect.get(value, method) === "function";
}

/** The method as it is then: applications replace their own. */
function call(value: object, method: string, ...parameters: readonly unknown[]): unknown {
  const own: unknown = Reflect.get(value, method);
  if (typeof own !== "function") throw new TypeError(`${method} of the application is no function any more`);
  return Reflect.apply(own, value, parameters);
}
