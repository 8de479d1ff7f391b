import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { limitsOf, limitsWithDefaults, readHttpServerOptions } from "../../src/http-server-options.ts";

describe("server options", () => {
  it.each([
    [
      { keepAliveTimeoutMs: -1 },
      "option server.keepAliveTimeoutMs: got -1, expected a whole number from 0 to 86400000",
    ],
    [{ headersTimeoutMs: "5s" }, 'option server.headersTimeoutMs: got "5s", expected a whole number'],
    [{ requestTimeoutMs: 1.5 }, "option server.requestTimeoutMs: got 1.5, expected a whole number"],
    [
      { maxHeaderSizeBytes: 10 },
      "option server.maxHeaderSizeBytes: got 10, expected a whole number from 1024",
    ],
    [{ backlog: 0 }, "option server.backlog: got 0, expected a whole number from 1 to 65535"],
    [{ keepAlive: 5 }, /option server\.keepAlive: /],
    [
      { headersTimeoutMs: 400_000 },
      "option server.headersTimeoutMs: got 400000, expected at most server.requestTimeoutMs (300000)",
    ],
    [
      { headersTimeoutMs: 60_000, requestTimeoutMs: 5_000 },
      "expected at most server.requestTimeoutMs (5000)",
    ],
    ["65s", /option server: got "65s"/],
    [null, /option server: got null/],
  ])("refuse %j by name", (given, message) => {
    expect(() => readHttpServerOptions(given as never)).toThrowError(message);
  });

  it("take every value that Node's own server takes together", () => {
    for (const given of [
      {},
      { requestTimeoutMs: 1_000 },
      { requestTimeoutMs: 0, headersTimeoutMs: 400_000 },
    ]) {
      const limits = limitsWithDefaults(readHttpServerOptions(given));
      expect(() => createServer(limits)).not.toThrow();
    }
  });

  it("default to Node's own, on every version of it", () => {
    expect(limitsWithDefaults({})).toEqual({
      keepAliveTimeout: 5_000,
      headersTimeout: 60_000,
      requestTimeout: 300_000,
      connectionsCheckingInterval: 30_000,
    });
    expect(limitsWithDefaults({ requestTimeoutMs: 10_000 })).toMatchObject({ headersTimeout: 10_000 });
  });

  it("leave an application's own server alone but for what is given", () => {
    expect(limitsOf({})).toEqual({});
    expect(limitsOf({ keepAliveTimeoutMs: 65_000 })).toEqual({ keepAliveTimeout: 65_000 });
    expect(limitsOf({ headersTimeoutMs: 1_000 })).toEqual({
      headersTimeout: 1_000,
      connectionsCheckingInterval: 500,
    });
  });
});
