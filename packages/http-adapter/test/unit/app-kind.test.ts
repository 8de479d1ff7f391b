import http from "node:http";
import http2 from "node:http2";
import { describe, expect, it } from "vitest";
import { defineApp } from "../../src/define-app.ts";
import { kindOfApp } from "../../src/worker/app-kind.ts";

describe("kindOfApp", () => {
  const connectStyle = (_request: unknown, _response: unknown, _next: unknown): void => {};
  const restStyle = (...args: unknown[]): unknown => args;
  const fastifyLike = { server: http.createServer(), ready() {}, close() {}, inject() {} };

  it.each([
    ["a listener", (_request: unknown, _response: unknown): void => {}, "listener"],
    ["a Connect or Express app", connectStyle, "listener"],
    ["a listener that takes the rest", restStyle, "listener"],
    ["an http server", http.createServer(), "server"],
    ["an http2 server", http2.createServer(), "server"],
    ["a Fastify instance", fastifyLike, "fastify"],
    ["an object with fetch", { fetch: () => new Response() }, "fetch"],
    ["what defineApp returns", defineApp(() => restStyle), "factory"],
  ])("knows %s", (_, app, kind) => {
    expect(kindOfApp(app).kind).toBe(kind);
  });

  it("knows what another copy of defineApp returns", () => {
    const mark = Symbol.for("brood.http-adapter.app-factory");
    expect(kindOfApp({ [mark]: () => restStyle }).kind).toBe("factory");
  });

  it.each([
    [undefined, "undefined"],
    [null, "null"],
    [3000, "a number"],
    [{}, "an object without properties"],
    [{ port: 1, host: 2 }, "an object with port, host"],
    [{ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }, "an object with a, b, c, d, e, ..."],
    [class Server {}, "the class Server"],
    [Promise.resolve(), "a promise (await it at top level, or use defineApp)"],
    [
      (_context: unknown) => restStyle,
      "a function with one parameter (if it makes the application, wrap it in defineApp)",
    ],
  ])("says in words what %o is", (app, found) => {
    expect(kindOfApp(app)).toEqual({ kind: "unusable", found });
  });
});
