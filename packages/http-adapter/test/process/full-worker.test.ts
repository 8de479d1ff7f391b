// A worker without a free descriptor lives as plain Node does: it beats on, is not replaced, and serves as soon as there are some
// again. Its connections wait meanwhile.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { startBrood, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { rowsOf } from "../support/spawn.ts";
import { within } from "../support/within.ts";

/** Less than it has open: nothing more can be opened, and nothing is closed for it. */
const NONE = 3;
const PLENTY = 4_096;
const CLIENTS = 5;
/** It beats three times as often. */
const TIMEOUT_MS = 600;
const APP = `export default (request, response) => response.end(String(process.pid));`;

const HANDOFFS = rowsOf(["listener", "reuseport", "connection"], (each) => each !== "reuseport", "reuseport");

it.each(HANDOFFS)(
  "handoff %s: a worker without a free descriptor is not replaced, and serves later",
  async (handoff) => {
    const folder = await testFolder({ "app.mjs": APP });
    const timeout = ["--heartbeat-timeout", String(TIMEOUT_MS)];
    const server = await startBrood(folder, "-w", "1", "-l", "127.0.0.1:0", "--handoff", handoff, ...timeout);
    const worker = async () => (await server.stats()).workers[0];
    const { pid } = (await worker()) ?? {};
    const limit = (count: number): void =>
      void execFileSync("prlimit", ["--pid", String(pid), `--nofile=${count}:`], { stdio: "pipe" });
    limit(NONE);
    const answers = Array.from({ length: CLIENTS }, () => ask(server.addresses[0] ?? ""));
    await Promise.all(answers.map(({ connected }) => within("a connection", connected)));
    const beats: number[] = [];
    let last = Number.POSITIVE_INFINITY;
    // A heartbeat that came since is younger than the last look at it was.
    const beaten = seen(async () => {
      const agoMs = (await worker())?.lastHeartbeatAgoMs ?? Number.POSITIVE_INFINITY;
      if (agoMs < last) beats.push(agoMs);
      last = agoMs;
      return beats.length > (2 * TIMEOUT_MS) / (TIMEOUT_MS / 3);
    });
    await within("its heartbeats, longer than silence may last", beaten, () => server.log());
    expect(await worker()).toMatchObject({ pid, state: "ready", rssBytes: expect.any(Number) });
    expect((await worker())?.rssBytes).toBeGreaterThan(1_000_000);
    limit(PLENTY);
    const all = Promise.all(answers.map(({ answered }) => answered));
    expect(await within("the answers", all, () => server.log())).toEqual(answers.map(() => String(pid)));
    expect((await server.stats()).counters).toMatchObject({ spawned: 1, exited: 0, killed: 0 });
  },
);

function ask(address: string): { readonly connected: Promise<unknown>; readonly answered: Promise<string> } {
  const socket = net.connect(Number(new URL(address).port), "127.0.0.1").setEncoding("utf8");
  onTestFinished(() => void socket.destroy());
  const connected = once(socket, "connect");
  socket.write("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  const answered = once(socket, "close").then(
    () => text.split("\r\n\r\n")[1]?.replace(/^\w+\r\n|\r\n.*$/gs, "") ?? "",
  );
  return { connected, answered };
}
