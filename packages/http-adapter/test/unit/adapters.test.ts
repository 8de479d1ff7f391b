import express from "express";
import Fastify from "fastify";
import { describe, expect, it } from "vitest";
import { broodExpress } from "../../src/express.ts";
import { broodFastify } from "../../src/fastify.ts";

describe("the Fastify plugin", () => {
  it("decorates the instance it is registered on, with types, and takes paths", async () => {
    const app = Fastify();
    await app.register(broodFastify, { ready: "/readyz", live: false, isReady: async () => false });
    await app.ready();
    expect(app.brood.worker?.generation).toBeUndefined();
    expect(app.brood.isDraining).toBe(false);
    const ready = await app.inject("/readyz");
    expect([ready.statusCode, ready.json(), ready.headers["cache-control"]]).toEqual([
      503,
      { status: "not ready" },
      "no-store",
    ]);
    expect((await app.inject("/health/live")).statusCode).toBe(404);
    await app.close();
    expect(app.brood.isDraining).toBe(true);
  });

  it("counts what isReady throws as no", async () => {
    const app = Fastify();
    const isReady = (): boolean => {
      throw new Error("no database");
    };
    await app.register(broodFastify, { isReady });
    expect((await app.inject("/health/ready")).statusCode).toBe(503);
    await app.close();
  });
});

describe("an adapter refuses by name", () => {
  it.each([
    [{ ready: "readyz" }, 'option ready: got "readyz", expected a path that begins with "/", or false'],
    [{ lingerMs: -1 }, "option lingerMs: got -1, expected a whole number from 0 to 60000"],
    [{ isReady: true }, "option isReady: got true, expected a function"],
    [{ redy: "/" }, 'option redy: got "/", expected one of live, ready, isReady'],
  ])("%j", async (options, message) => {
    expect(() => Reflect.apply(broodExpress, undefined, [express(), options])).toThrowError(message);
    const app = Fastify();
    await expect(Reflect.apply(broodFastify, undefined, [app, options])).rejects.toThrowError(message);
  });
});
