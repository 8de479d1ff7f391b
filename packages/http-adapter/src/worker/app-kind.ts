// What kind of application a value is. Pure: looks, touches nothing. By shape and not by class, because the
// application brings its own copies of Express, Fastify and Hono; only Node's servers are known by class.
// The order matters: a Fastify instance and an Express app may carry a `fetch` of their own, an Express app is a
// function. Whatever is left over is described in words for the error message.

import type { IncomingMessage, ServerResponse } from "node:http";
import { Server } from "node:net";
import { APP_FACTORY, type DefinedApp } from "../define-app.ts";

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface FastifyApp {
  readonly server: Server;
  ready(): PromiseLike<unknown>;
  close(): PromiseLike<unknown>;
}

export interface FetchApp {
  fetch(request: Request): Response | Promise<Response>;
}

export type AppKind =
  | { readonly kind: "factory"; readonly create: DefinedApp[typeof APP_FACTORY] }
  | { readonly kind: "server"; readonly server: Server }
  | { readonly kind: "fastify"; readonly app: FastifyApp }
  | { readonly kind: "fetch"; readonly app: FetchApp }
  | { readonly kind: "listener"; readonly listener: RequestListener }
  /** `found` ends the sentence "its default export is ...". */
  | { readonly kind: "unusable"; readonly found: string };

/** For the sentence "accepted are ...". */
export const ACCEPTED_APPS: string =
  "a (req, res) listener or Express app, a Fastify instance, an http, https or http2 server, an object with " +
  "fetch(request), defineApp(...), or a script that calls listen()";

export function kindOfApp(value: unknown): AppKind {
  if (isDefinedApp(value)) return { kind: "factory", create: value[APP_FACTORY] };
  if (value instanceof Server) return { kind: "server", server: value };
  if (isFastify(value)) return { kind: "fastify", app: value };
  if (isFetchApp(value)) return { kind: "fetch", app: value };
  if (isListener(value)) return { kind: "listener", listener: value };
  return { kind: "unusable", found: inWords(value) };
}

function isDefinedApp(value: unknown): value is DefinedApp {
  return isObject(value) && typeof Reflect.get(value, APP_FACTORY) === "function";
}

function isFastify(value: unknown): value is FastifyApp {
  return isObject(value) && has(value, "ready") && has(value, "close") && has(value, "inject")
    ? Reflect.get(value, "server") instanceof Server
    : false;
}

function isFetchApp(value: unknown): value is FetchApp {
  return isObject(value) && has(value, "fetch");
}

/** One parameter is never enough to answer a request; it is a factory whose author forgot `defineApp`. None may
 *  be `(...args) =>`, three a Connect-style app. */
function isListener(value: unknown): value is RequestListener {
  return typeof value === "function" && value.length !== 1 && !isClass(value);
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function has(value: object, method: string): boolean {
  return typeof Reflect.get(value, method) === "function";
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "function") {
    if (isClass(value)) return `the class ${value.name || "(no name)"}`;
    return "a function with one parameter (if it makes the application, wrap it in defineApp)";
  }
  if (typeof value !== "object") return `a ${typeof value}`;
  if (value instanceof Promise) return "a promise (await it at top level, or use defineApp)";
  const keys = Object.keys(value);
  if (keys.length === 0) return "an object without properties";
  const shown = keys.slice(0, 5).join(", ");
  return `an object with ${shown}${keys.length > 5 ? ", ..." : ""}`;
}
