import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { Traffic } from "../../src/worker/traffic.ts";

const KEEP_ALIVE_MS = 100;
/** Longer than that, with the second that newer Nodes add to it. */
const STALL_MS = 1_500;

describe("a kept connection", () => {
  it("is not closed for its silence after a stall in which it was not listened to", async () => {
    const [, client] = await keptConnection();
    client.write("GET /2 HTTP/1.1\r\nhost: a\r\n\r\n");
    stall();
    expect(await answer(client)).toMatch(/^HTTP\/1.1 200 OK\r\n(?:.|\r\n)*\/2$/);
  });

  it("is closed when it stays silent", async () => {
    const [, client] = await keptConnection();
    stall();
    await once(client, "end");
  });

  it("is left to an application that looks after idle connections itself", async () => {
    const [server, client] = await keptConnection();
    const idle = once(server, "timeout") as Promise<[Socket]>;
    stall();
    const [socket] = await idle;
    expect(socket.destroyed).toBe(false);
    socket.end("HTTP/1.1 408 Request Timeout\r\n\r\n");
    expect(await answer(client)).toMatch(/^HTTP\/1.1 408/);
  });
});

/** One request has been answered on it. */
async function keptConnection(): Promise<[Server, Socket]> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, ({ url }, response) => response.end(url));
  new Traffic(null).observe(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  client.write("GET /1 HTTP/1.1\r\nhost: a\r\n\r\n");
  expect(await answer(client)).toMatch(/\/1$/);
  return [server, client];
}

async function answer(client: Socket): Promise<string> {
  const [bytes] = (await once(client, "data")) as [Buffer];
  return bytes.toString();
}

/** The event loop stands still; what comes in meanwhile is there when it goes on. */
function stall(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
}
