import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
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

describe("a response that takes too long", () => {
  it("is left to its own timeout listener", async () => {
    const [, client] = await keptConnection(({ socket }, response) => {
      response.setTimeout(50, () => {
        // Later than the look at a silent connection would be.
        setImmediate(() => setImmediate(() => response.end(`given up, ${socket.destroyed}`)));
      });
    });
    client.write("GET /2 HTTP/1.1\r\nhost: a\r\n\r\n");
    expect(await answer(client)).toMatch(/given up, false$/);
  });
});

describe("requests", () => {
  it("count once, also one whose expectation the application looks at first", async () => {
    const { server, traffic, client } = await served();
    server.on("checkContinue", (request, response) => {
      response.writeContinue();
      server.emit("request", request, response);
    });
    client.write("GET /a HTTP/1.1\r\nhost: a\r\n\r\n");
    await answer(client);
    client.write("POST /b HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 0\r\n\r\n");
    await once(server, "answered");
    client.write("GET /c HTTP/1.1\r\nhost: a\r\n\r\n");
    await once(server, "answered");
    expect(traffic.requests).toBe(3);
  });

  it("reach the application's listeners with whatever it emits beside them", async () => {
    const { server, client } = await served();
    const heard: number[] = [];
    server.on("request", (...args: readonly unknown[]) => heard.push(args.length));
    server.once("request", (request, response) => server.emit("request", request, response, "more"));
    client.write("GET /a HTTP/1.1\r\nhost: a\r\n\r\n");
    await answer(client);
    expect(heard.toSorted()).toEqual([2, 3]);
  });
});

/** Emits `answered` with each of its answers. */
async function served(): Promise<{ server: Server; traffic: Traffic; client: Socket }> {
  const server = createServer((_request, response) => {
    if (!response.writableEnded) response.end("answer", () => server.emit("answered"));
  });
  const traffic = new Traffic(null);
  traffic.observe(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  return { server, traffic, client };
}

/** One request has been answered on it.  @param later  answers the others */
async function keptConnection(
  later: RequestListener = ({ url }, response) => response.end(url),
): Promise<[Server, Socket]> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    if (request.url === "/1") response.end(request.url);
    else later(request, response);
  });
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
