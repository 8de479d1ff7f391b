import type { WorkerContext } from "@brood/core/worker";
import { describe, expect, it } from "vitest";
import { readEntryExports } from "../../src/worker/entry-exports.ts";

const context: WorkerContext = {
  slot: 0,
  worker: "w1",
  generation: 1,
  release: { entry: "/app.js", version: null, folder: "/", fingerprint: "" },
  name: "test",
  spawn: "fresh",
  runtime: "process",
  signal: new AbortController().signal,
};

describe("readEntryExports", () => {
  const app = (): void => {};

  it("takes the default export, one level further down when transpiled to CommonJS", () => {
    expect(readEntryExports({ default: app }).app).toBe(app);
    expect(readEntryExports({ default: { __esModule: true, default: app } }).app).toBe(app);
  });

  it("finds no application where there is none", () => {
    expect(readEntryExports({}).app).toBeUndefined();
    expect(readEntryExports({ default: { __esModule: true } }).app).toBeUndefined();
  });

  it("finds hooks by name first, then on the default export", () => {
    const exports = readEntryExports({
      warmup: () => "named",
      default: Object.assign(() => {}, { warmup: () => "on the app", onWorkerBoot: () => "on the app" }),
    });
    expect(exports.warmup?.(context)).toBe("named");
    expect(exports.onWorkerBoot?.(context)).toBe("on the app");
    expect(exports.onWorkerShutdown).toBeUndefined();
  });

  it("finds hooks beside the default of a transpiled module, and calls them with the context", () => {
    const exports = readEntryExports({
      default: { __esModule: true, default: app, onWorkerShutdown: (given: WorkerContext) => given.slot },
    });
    expect(exports.onWorkerShutdown?.(context)).toBe(0);
  });
});
