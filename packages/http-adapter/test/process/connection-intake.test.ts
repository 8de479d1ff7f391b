// How a worker takes connections that were accepted elsewhere: counted before a byte is read, ended however they end, and
// as Node's own of whichever kind.

import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { join } from "node:path";
import { nativeSupport } from "@brood/core/native";
import { describe, expect, it, onTestFinished } from "vitest";
import { CounterReader, CounterWriter } from "../../src/handoff/counters.ts";
import type { Connection } from "../../src/worker/connection.ts";
import { ConnectionIntake } from "../../src/worker/connection-intake.ts";
import { Arrivals } from "../../src/worker/moving/arrivals.ts";
import { Traffic } from "../../src/worker/traffic.ts";
import { testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { within } from "../support/within.ts";

const native = nativeSupport();
if (!native.ok) console.log(`skipped: connection intake: ${native.reason}`);

interface Scene {
  readonly server: http.Server;
  readonly arrivals: Arrivals;
  /** Taken and closed, as the supervisor sees them. */
  counts(): readonly [taken: number, closed: number];
}

async function intakeOf(addresses: readonly string[], server: http.Server): Promise<Scene> {
  if (!native.ok) throw new Error(native.reason);
  const { binding } = native;
  const fd = binding.pageCreate(4_096);
  const reader = new CounterReader(binding.pageMap(fd));
  const intake = new ConnectionIntake(server, addresses);
  const arrivals = new Arrivals(server, addresses, intake.door, () => null);
  arrivals.countIn(new CounterWriter(binding.pageMap(fd)));
  binding.close(fd);
  server.on("drop", () => arrivals.closed());
  const watch = {
    opened: (connection: Connection) => arrivals.opened(connection),
    closed: () => arrivals.closed(),
  };
  new Traffic(null, null, watch).observe(server);
  await intake.open(undefined, "");
  onTestFinished(() => {
    server.closeAllConnections();
    intake.close();
  });
  const counts = (): readonly [number, number] => {
    reader.read();
    return [reader.taken, reader.closed];
  };
  return { server, arrivals, counts };
}

/** The listening side that a supervisor would have. */
function listening(): { readonly port: number; accept(count: number): Promise<readonly number[]> } {
  if (!native.ok) throw new Error(native.reason);
  const { binding } = native;
  const [fd, port] = binding.bindReuseport("127.0.0.1", 0, 64, false);
  onTestFinished(() => binding.close(fd));
  return {
    port,
    async accept(count) {
      const accepted: number[] = [];
      await within(
        "connections",
        seen(() => accepted.push(...binding.acceptMany(fd, count)) === count),
      );
      return accepted;
    },
  };
}

const asReceived = (fds: readonly number[]) => fds.map((fd) => ({ fd, handle: null }) as const);

function connect(to: net.NetConnectOpts): net.Socket {
  const socket = net.connect(to);
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function answerOn(socket: net.Socket): Promise<string> {
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.write("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  await within("the end", once(socket, "close"));
  return text.split("\r\n\r\n")[1] ?? "";
}

describe.skipIf(!native.ok)("connections from the supervisor", () => {
  it("each is an ordinary one, the first and those after it, and is counted before it is read and after it has ended", async () => {
    const server = http.createServer((request, response) => {
      const { remoteAddress, remotePort } = request.socket;
      response.end(JSON.stringify([scene.counts()[0], remoteAddress, remotePort]));
    });
    const scene = await intakeOf(["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"], server);
    const { port, accept } = listening();
    for (let taken = 1; taken <= 3; taken += 1) {
      const client = connect({ port, host: "127.0.0.1" });
      await within("connected", once(client, "connect"));
      const { localPort } = client;
      scene.arrivals.take(asReceived(await accept(1)));
      expect(scene.counts()).toEqual([taken, taken - 1]);
      expect(JSON.parse(await answerOn(client))).toEqual([taken, "127.0.0.1", localPort]);
      await within(
        "the end to be counted",
        seen(() => scene.counts()[1] === taken),
      );
    }
  });

  it("one that is kept ends when its client was told, or later, unless it asks; a first request is not late", async () => {
    const options = { keepAliveTimeout: 100, headersTimeout: 50, connectionsCheckingInterval: 20 };
    const server = http.createServer(options, (_, response) => response.end("ok"));
    const scene = await intakeOf(["tcp://127.0.0.1:1"], server);
    const { port, accept } = listening();
    const client = connect({ port, host: "127.0.0.1" });
    let received = "";
    client.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    const beganAtMs = performance.now();
    scene.arrivals.take(asReceived(await accept(1)), [{ requests: 1, toldMs: 300, key: null }]);
    await within("the end", once(client, "close"));
    expect(received).toBe("");
    expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(300);
  });

  it("one beyond maxConnections has ended", async () => {
    const server = http.createServer((_, response) => response.end("ok"));
    server.maxConnections = 1;
    const scene = await intakeOf(["tcp://127.0.0.1:1"], server);
    const { port, accept } = listening();
    const [first, second] = [connect({ port, host: "127.0.0.1" }), connect({ port, host: "127.0.0.1" })];
    const [one = -1, other = -1] = await accept(2);
    scene.arrivals.take(asReceived([one, other]));
    expect(scene.counts()).toEqual([2, 1]);
    await within("the end", Promise.race([once(first, "close"), once(second, "close")]));
  });

  it.each(["only unix", "unix and TCP"])("unix sockets are known as such, %s", async (kind) => {
    const folder = await testFolder({});
    const path = join(folder, "s");
    if (!native.ok) return;
    const { binding } = native;
    const listener = net.createServer({ pauseOnConnect: true });
    const accepted = once(listener, "connection").then(([socket]: readonly unknown[]) => {
      if (!(socket instanceof net.Socket)) throw new TypeError("no socket");
      const fd = binding.duplicate(Number(Reflect.get(Reflect.get(socket, "_handle"), "fd")));
      socket.destroy();
      return fd;
    });
    listener.listen(path);
    onTestFinished(() => void listener.close());
    await within("listening", once(listener, "listening"));
    const server = http.createServer((request, response) =>
      response.end(String(request.socket.remoteAddress)),
    );
    const addresses = kind === "only unix" ? [`unix:${path}`] : [`unix:${path}`, "tcp://127.0.0.1:1"];
    const scene = await intakeOf(addresses, server);
    if (kind !== "only unix") {
      const { port, accept } = listening();
      const client = connect({ port, host: "127.0.0.1" });
      scene.arrivals.take(asReceived(await accept(1)));
      expect(await answerOn(client)).toBe("127.0.0.1");
    }
    const client = connect({ path });
    scene.arrivals.take(asReceived([await within("the connection", accepted)]));
    expect(await answerOn(client)).toBe("undefined");
  });
});
