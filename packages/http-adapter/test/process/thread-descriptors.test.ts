// Threads have one table of descriptors, the supervisor's. When it is full, connections wait in the kernel: no thread ends for
// it, which would take with it what it serves, and what it was sent would only strike the next one.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import net from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { startBrood, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { within } from "../support/within.ts";

/** Far more than the server may open. */
const CLIENTS = 60;
const FREE = 20;
const PLENTY = 4_096;
const APP = `export default (request, response) => response.end("answer");`;

interface Clients {
  readonly answered: number;
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
    socket.once("data", () => {
      count.answered += 1;
    });
    socket.on("error", () => {});
    socket.once("close", () => {
      count.lost += 1;
    });
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
