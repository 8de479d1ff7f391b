// The link with latency: what arrives, in which order and how late, and how a connection ends over it.

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type SlowLink, slowLink } from "../../src/probe/slow-link.ts";
import { addressOf, parseTarget } from "../../src/probe/target.ts";
import { rawServer } from "../support/servers.ts";
import { until } from "../support/until.ts";

const LATENCY_MS = 30;
/** A timer may fire one millisecond early, on either side. */
const EARLY_MS = 2;

async function linked(onSocket: (socket: Socket) => void): Promise<{ link: SlowLink; client: Socket }> {
  const server = await rawServer(onSocket);
  return linkedTo(server.target);
}

async function linkedTo(target: string): Promise<{ link: SlowLink; client: Socket }> {
  const link = await slowLink(parseTarget(target, undefined), LATENCY_MS);
  onTestFinished(() => link.close());
  const client = connect({ ...addressOf(link.target), allowHalfOpen: true });
  onTestFinished(() => void client.destroy());
  await once(client, "connect");
  return { link, client };
}

describe("a slow link", () => {
  it("opens in a round trip, and then takes the latency each way", async () => {
    const { client } = await linked((socket) => socket.on("data", (chunk) => socket.write(chunk)));
    const openedAtMs = performance.now();
    client.write("first");
    await once(client, "data");
    // The handshake's round trip, the request there, the answer back.
    expect(performance.now() - openedAtMs).toBeGreaterThanOrEqual(4 * LATENCY_MS - EARLY_MS);
    const askedAtMs = performance.now();
    client.write("second");
    await once(client, "data");
    const tookMs = performance.now() - askedAtMs;
    expect(tookMs).toBeGreaterThanOrEqual(2 * LATENCY_MS - EARLY_MS);
  });

  it("keeps the order of eight megabytes both ways, more than it reads ahead", async () => {
    const { client } = await linked((socket) => socket.pipe(socket));
    const sent = randomBytes(8 * 2 ** 20);
    client.end(sent);
    const received = createHash("sha256");
    let length = 0;
    client.on("data", (chunk: Buffer) => {
      length += chunk.length;
      received.update(chunk);
    });
    await once(client, "end");
    expect(length).toBe(sent.length);
    expect(received.digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"));
  });

  it("passes on the server's FIN after its last bytes, and the client may still speak", async () => {
    const heard: string[] = [];
    const { client } = await linked((socket) => {
      socket.on("data", (chunk) => heard.push(String(chunk)));
      socket.end("last words");
    });
    const received: string[] = [];
    client.on("data", (chunk) => received.push(String(chunk)));
    await once(client, "end");
    expect(received.join("")).toBe("last words");
    client.write("too late");
    await until("the server hears it", () => heard.join("") === "too late");
  });

  it("passes on a reset, from the server and from the client", async () => {
    const { client } = await linked((socket) => socket.once("data", () => socket.resetAndDestroy()));
    client.write("x");
    const [error] = (await once(client, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");

    let seen: NodeJS.ErrnoException | undefined;
    const other = await linked((socket) => {
      socket.on("data", () => socket.write("hello"));
      socket.on("error", (error) => {
        seen = error;
      });
    });
    other.client.write("x");
    await once(other.client, "data");
    other.client.resetAndDestroy();
    await until("the server is reset", () => seen?.code === "ECONNRESET");
  });

  it("loses a request that leaves while the server's FIN is on its way", async () => {
    let close: () => void = () => {};
    const heard: string[] = [];
    const { client } = await linked((socket) => {
      close = () => socket.destroy();
      socket.on("data", (chunk) => heard.push(String(chunk)) === 1 && socket.write("hello"));
    });
    const received: string[] = [];
    client.on("data", (chunk) => received.push(String(chunk)));
    client.write("x");
    await once(client, "data");
    close();
    client.write("on its way");
    await once(client, "end");
    expect([heard, received]).toEqual([["x"], ["hello"]]);
  });

  it("knows why a server could not be reached, and tells it once", async () => {
    const { link, client } = await linkedTo("unix:/nonexistent/brood.sock");
    const { localPort = 0 } = client;
    await once(client, "error");
    expect(link.refusalOf(localPort)).toBe("ENOENT");
    expect(link.refusalOf(localPort)).toBeUndefined();
  });

  it("leaves no socket when it was closed in the middle of everything", async () => {
    const server = await rawServer((socket) => socket.on("data", () => socket.write("x".repeat(100_000))));
    const { link, client } = await linkedTo(server.target);
    client.write("x");
    await until("the server has been reached", () => server.sockets.size === 1);
    await link.close();
    await until("the server has seen it close", () => server.sockets.size === 0);
    await until("the client has seen it close", () => client.closed || client.readableEnded);
  });
});
