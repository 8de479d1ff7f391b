import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import http2 from "node:http2";
import net, { type Server, type Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Traffic } from "../../src/worker/traffic.ts";
import { sendWarmupRequests } from "../../src/worker/warmup-requests.ts";

const file = (name: string): Buffer => readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url));
const WARMUP = { requests: 3, paths: ["/a", "/b"] };

describe("a forked worker that has opened", () => {
  it.each([
    ["http", () => createServer()],
    ["HTTP/2 in clear", () => http2.createServer()],
    ["HTTP/2 over TLS", () => http2.createSecureServer({ key: file("key"), cert: file("cert") })],
  ] as const)("asks itself each path once, and nobody has asked it: %s", async (_, create) => {
    const { server, traffic, urls, pass, ask } = await opened(create());
    ask();
    const connected = once(server, "connection") as Promise<[Socket]>;
    pass();
    const [socket] = await connected;
    await once(socket, "close");
    expect(urls).toEqual(["/a", "/b"]);
    expect(traffic).toMatchObject({ requests: 0, connections: 0 });
  });

  it.each<readonly [string, { requests?: number; signal?: AbortSignal }, { requests?: number }]>([
    ["it has been asked", { requests: 1 }, {}],
    ["it drains", { signal: AbortSignal.abort() }, {}],
    ["no warm-up is wanted", {}, { requests: 0 }],
  ])("does not when %s", async (_, { requests = 0, signal }, warmup) => {
    const { server, urls, pass, ask } = await opened(createServer());
    ask(signal, { requests, ignore() {} }, { ...WARMUP, ...warmup });
    pass();
    // What began later than its own would have.
    await sendWarmupRequests(server, { requests: 1, paths: ["/later"] });
    expect(urls).toEqual(["/later"]);
  });

  it("says when it could not", async () => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    onTestFinished(() => said.mockRestore());
    const { pass, ask } = await opened(http2.createServer());
    const opening = vi.spyOn(net, "createServer").mockImplementation(() => {
      throw new Error("no descriptors left");
    });
    onTestFinished(() => opening.mockRestore());
    ask();
    const text = new Promise((resolve) => said.mockImplementation((line) => resolve(line) === undefined));
    pass();
    expect(await text).toBe("brood: no warm-up request could be sent: no descriptors left\n");
  });
});

type Asked = Pick<Traffic, "requests" | "ignore">;

interface Opened {
  readonly server: Server;
  readonly traffic: Traffic;
  /** As the application sees them. */
  readonly urls: readonly unknown[];
  /** Time passes: whatever waits for it is due. */
  pass(): void;
  ask(signal?: AbortSignal, traffic?: Asked, warmup?: typeof WARMUP): void;
}

/** The module is loaded while time stands still: it keeps the timers it has found. */
async function opened(server: Server): Promise<Opened> {
  vi.resetModules();
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { askItselfUnlessAsked } = await import("../../src/worker/first-request.ts");
  const traffic = new Traffic(null);
  traffic.observe(server);
  const urls: unknown[] = [];
  server.on("request", ({ url }, response) => {
    urls.push(url);
    response.end();
  });
  return {
    server,
    traffic,
    urls,
    pass: () => void vi.runAllTimers(),
    ask: (signal = new AbortController().signal, asked = traffic, warmup = WARMUP) =>
      askItselfUnlessAsked(server, warmup, asked, signal),
  };
}
