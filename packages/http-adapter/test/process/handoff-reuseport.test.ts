// handoff "reuseport": the sockets themselves. That nothing is lost is handoff-matrix.test.ts.

import { once } from "node:events";
import net from "node:net";
import { nativeSupport } from "@brood/core/native";
import { type Server, serve } from "@brood/http-adapter";
import { describe, expect, it, onTestFinished } from "vitest";
import { canBindByFlag } from "../../src/handoff/reuseport-sockets.ts";
import { startBrood, testFolder } from "../support/brood-server.ts";
import { listeningOn } from "../support/listening-sockets.ts";
import { seen } from "../support/look.ts";
import { SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const APP = "export default (request, response) => response.end(String(process.pid));";

const native = nativeSupport();
const skipReason = native.ok || canBindByFlag(process.versions.node) ? null : native.reason;
if (skipReason !== null) console.log(`skipped: reuseport: ${skipReason}`);

type Config = Parameters<typeof serve>[0];

async function start(config: Partial<Config> = {}): Promise<Server> {
  const folder = await testFolder({ "app.mjs": APP });
  const where = { entry: "app.mjs", cwd: folder, listen: "127.0.0.1:0" };
  const base: Config = { ...where, spawn: SPAWN, workers: 3, minHealthyMs: 0 };
  const server = await serve({ ...base, handoff: "reuseport", ...config });
  onTestFinished(() => server.stop({ now: true }));
  return server;
}

const portOf = (address: string | undefined): number => Number(new URL(address ?? "").port);

async function pidAt(address: string | undefined): Promise<string> {
  const response = await fetch((address ?? "").replace("tcp:", "http:"), {
    headers: { connection: "close" },
  });
  return response.text();
}

describe.skipIf(skipReason !== null)("reuseport", () => {
  it("each slot has a socket on each address, of both families; the workers share the clients", async () => {
    const server = await start({ listen: ["127.0.0.1:0", "[::1]:0"] });
    expect(server.stats()).toMatchObject({ handoff: "reuseport", ready: 3 });
    for (const address of server.addresses) {
      expect(listeningOn(portOf(address))).toBe(3);
      const pids = await Promise.all(Array.from({ length: 60 }, () => pidAt(address)));
      expect(new Set(pids)).toEqual(new Set(server.stats().workers.map(({ pid }) => String(pid))));
    }
    await server.stop();
    for (const address of server.addresses) expect(listeningOn(portOf(address))).toBe(0);
  });

  it("every interface: IPv6 and IPv4 on one port", async () => {
    const server = await start({ listen: 0 });
    const port = portOf(server.addresses[0]);
    expect(await pidAt(`tcp://127.0.0.1:${port}`)).toMatch(/^\d+$/);
    if (server.addresses[0]?.includes("[::]")) expect(await pidAt(`tcp://[::1]:${port}`)).toMatch(/^\d+$/);
  });

  it("a port somebody has is refused, whether it is shared or not", async () => {
    const other = net.createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await within("listening", once(other, "listening"));
    const address = other.address();
    const port = typeof address === "object" ? address?.port : 0;
    await expect(start({ listen: `127.0.0.1:${port}` })).rejects.toMatchObject({
      code: "BROOD_ADDRESS_IN_USE",
    });
    const server = await start();
    const listen = `127.0.0.1:${portOf(server.addresses[0])}`;
    await expect(start({ listen })).rejects.toMatchObject({ code: "BROOD_ADDRESS_IN_USE" });
    expect(await pidAt(server.addresses[0])).toMatch(/^\d+$/);
  });

  it("a unix socket is refused, with what would do", async () => {
    await expect(start({ listen: "unix:app.sock" })).rejects.toMatchObject({
      code: "BROOD_BAD_OPTION",
      message: expect.stringMatching(
        /"listener" \(any socket\) or "connection" .*app\.sock: SO_REUSEPORT shares TCP/,
      ),
    });
  });

  it("after its supervisor was killed the next start binds", async () => {
    const folder = await testFolder({ "app.mjs": APP });
    const options = ["-w", "2", "--handoff", "reuseport"];
    const first = await startBrood(folder, ...options, "-l", "127.0.0.1:0");
    const port = portOf(first.addresses[0]);
    first.child.kill("SIGKILL");
    await first.ended();
    const second = await startBrood(folder, ...options, "-l", `127.0.0.1:${port}`);
    expect(await pidAt(second.addresses[0])).toMatch(/^\d+$/);
    // Those of the dead one are gone, or about to.
    const gone = seen(() => listeningOn(port) === 2);
    await within("the old sockets' end", gone);
  });
});
