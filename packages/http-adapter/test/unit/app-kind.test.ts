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
    ["a Fastify instance", fastifyLike, "served"],
    ["a hapi server", { listener: http.createServer(), initialize() {}, stop() {}, inject() {} }, "served"],
    ["a Nest application", { init() {}, close() {}, getHttpServer: () => http.createServer() }, "served"],
    ["a restify server", { server: http.createServer(), listen() {} }, "server"],
    ["an app of Koa", { callback() {}, use() {} }, "koa"],
    ["an app of Polka", { handler() {}, listen() {}, use() {} }, "listener"],
    ["an app of h3 1", { handler() {}, stack: [], use() {} }, "h3"],
    ["a yoga", Object.assign((_input: unknown) => {}, { fetch() {}, handleNodeRequest() {} }), "listener"],
    ["a function with fetch", Object.assign(() => {}, { fetch() {} }), "fetch"],
    ["a function that answers a request", (request: Request) => new Response(request.url), "fetch"],
    ["a function that makes the application", async () => connectStyle, "factory"],
    ["one that wants its context", (_context: unknown) => connectStyle, "factory"],
    ["a promise of the application", Promise.resolve(connectStyle), "factory"],
    [
      "what fastify-plugin returns",
      Object.assign(() => {}, { [Symbol.for("skip-override")]: true }),
      "plugin",
    ],
    ["an object with fetch", { fetch: () => new Response() }, "fetch"],
    ["what defineApp returns", defineApp(() => restStyle), "factory"],
  ])("knows %s", (_, app, kind) => {
    expect(kindOfApp(app).kind).toBe(kind);
  });

  it("tells a Fastify plugin from a listener by its parameter's name, where there is Fastify", () => {
    const plugin = async (_fastify: unknown, _options: unknown): Promise<void> => {};
    const named = new Function("return async function (fastify, options) {}")();
    expect([plugin, named].map((each) => kindOfApp(each, true).kind)).toEqual(["listener", "plugin"]);
    expect(kindOfApp(named, false).kind).toBe("listener");
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
  ])("says in words what %o is", (app, found) => {
    expect(kindOfApp(app)).toEqual({ kind: "unusable", found });
  });
});
