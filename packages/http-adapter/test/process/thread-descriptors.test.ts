// Threads have one table of descriptors, the supervisor's. When it is full, connections wait in the kernel: no thread ends for
// it, which would take with it what it serves, and what it was sent would only strike the next one.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startBrood, testFolder } from "../support/brood-server.ts";
import { listeningOn, queuedOn } from "../support/listening-sockets.ts";
import { seen } from "../support/look.ts";
import { within } from "../support/within.ts";

/** Far more than the server may open. */
const CLIENTS = 60;
const FREE = 20;
const PLENTY = 4_096;
const APP = `export default (request, response) => response.end("answer");`;

interface Clients {
  readonly answered: number;
  /** Closed without an answer. */
  readonly lost: number;
}

/** Kept connections, each with one request; resolves when all are connected, accepted or not. */
async function connect(port: number): Promise<Clients> {
  const count = { answered: 0, lost: 0 };
  const connected: Promise<unknown>[] = [];
  for (let index = 0; index < CLIENTS; index += 1) {
    const socket = net.connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    connected.push(once(socket, "connect"));
    socket.write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    const lost = (): void => {
      count.lost += 1;
    };
    socket.once("close", lost).once("data", () => {
      count.answered += 1;
      socket.off("close", lost);
    });
    socket.on("error", () => {});
  }
  await within("connections", Promise.all(connected));
  return count;
}

function limit(pid: number, descriptors: number): void {
  execFileSync("prlimit", ["--pid", String(pid), `--nofile=${descriptors}:`], { stdio: "pipe" });
}

describe("threads, handoff connection, without a descriptor left", () => {
  it("serve as many connections as there were descriptors, and the others as soon as there are more", async () => {
    const folder = await testFolder({ "app.mjs": APP });
    const args = ["-w", "2", "-l", "127.0.0.1:0", "--runtime", "thread", "--handoff", "connection"];
    const server = await startBrood(folder, ...args, "--min-healthy", "0");
    const open = readdirSync(`/proc/${server.pid}/fd`).map(Number);
    limit(server.pid, Math.max(...open) + 1 + FREE);

    // All of them wait when it looks, so the supervisor takes every descriptor there is before a thread gets one.
    process.kill(server.pid, "SIGSTOP");
    const clients = await connect(Number(new URL(server.addresses[0] ?? "").port));
    process.kill(server.pid, "SIGCONT");
    const some = seen(() => clients.answered >= FREE);
    await within("as many answers as there were descriptors", some, () => JSON.stringify(clients));
    expect(clients.answered).toBeLessThan(CLIENTS);
    limit(server.pid, PLENTY);
    const all = seen(() => clients.answered === CLIENTS);
    await within("the other answers", all, () => JSON.stringify(clients));

    expect(clients.lost).toBe(0);
    expect((await server.stats()).counters).toMatchObject({ spawned: 2, exited: 0 });
  });
});

/** Less than it has open: nothing more can be opened, and nothing is closed for it. */
const NONE = 3;

/** Says which slot it is, and more when the request has ended; one with a body makes it hang until there is a file `go`. */
const HANGING_APP = `import { existsSync } from "node:fs";
let mine;
export const onWorkerBoot = ({ slot }) => { mine = slot; };
export default (request, response) => {
  response.write(String(mine));
  request.once("end", () => response.end("end"));
  request.on("data", () => {
    response.write("hangs");
    setImmediate(() => { while (!existsSync("go")); });
  });
};`;

/** Under way until it is ended. */
interface Request {
  readonly slot: number;
  send(body: string): Promise<string>;
  end(): Promise<string>;
}

async function beginRequest(port: number): Promise<Request> {
  const request = http.request({ host: "127.0.0.1", port, method: "POST", agent: false });
  onTestFinished(() => void request.destroy());
  request.flushHeaders();
  const [response]: unknown[] = await within("the head of an answer", once(request, "response"));
  if (!(response instanceof http.IncomingMessage)) throw new TypeError("no response");
  response.setEncoding("utf8");
  const more = async (): Promise<string> => String((await within("an answer", once(response, "data")))[0]);
  const slot = Number(await more());
  return {
    slot,
    send(body) {
      request.write(body);
      return more();
    },
    end() {
      request.end();
      return more();
    },
  };
}

/** One to each of two slots; the kernel chooses at random. */
async function toBothSlots(port: number): Promise<readonly [Request, Request]> {
  const one = await beginRequest(port);
  for (;;) {
    const other = await beginRequest(port);
    if (other.slot !== one.slot) return one.slot === 0 ? [one, other] : [other, one];
    await other.end();
  }
}

describe("threads, handoff reuseport, without a descriptor left", () => {
  it("serve on, and adopt the socket of a slot that goes as soon as they can", async () => {
    const folder = await testFolder({ "app.mjs": HANGING_APP });
    const args = ["-w", "2", "-l", "127.0.0.1:0", "--runtime", "thread", "--handoff", "reuseport"];
    const server = await startBrood(folder, ...args, "--min-healthy", "0");
    const port = Number(new URL(server.addresses[0] ?? "").port);
    const [first, second] = await toBothSlots(port);
    expect(await second.send("hang")).toBe("hangs");
    const clients = await connect(port);
    const state = () => JSON.stringify({ ...clients, queued: queuedOn(port) });
    const settled = seen(() => clients.answered + queuedOn(port) === CLIENTS);
    await within("the first slot's answers", settled, state);
    expect(clients.answered).toBeLessThan(CLIENTS);

    limit(server.pid, NONE);
    process.kill(server.pid, "SIGTTOU");
    const draining = seen(() => /slot=1 worker=w2 .*worker:draining/.test(server.log()));
    await within("the drain", draining, () => server.log());
    expect(await first.end()).toBe("end");
    expect(clients.answered).toBeLessThan(CLIENTS);

    limit(server.pid, PLENTY);
    const all = seen(() => clients.answered === CLIENTS);
    await within("the answers of the second slot", all, state);
    writeFileSync(join(folder, "go"), "");
    expect(await second.end()).toBe("end");
    const closed = seen(() => listeningOn(port) === 1);
    await within("the socket's end", closed, () => server.log());
    expect(clients.lost).toBe(0);
    expect((await server.stats()).counters).toMatchObject({ spawned: 2, exited: 1 });
  });
});
