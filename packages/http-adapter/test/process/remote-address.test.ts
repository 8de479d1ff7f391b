// Who is asking: whoever accepts the connection, the application sees the client's address and port, and
// "trust proxy" of Express and `trustProxy` of Fastify mean what they mean without Brood.

import { createRequire } from "node:module";
import net from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startBrood, testFolder } from "../support/brood-server.ts";
import { RawClient } from "../support/raw-client.ts";
import { ROWS } from "../support/worker-rows.ts";

const require = createRequire(import.meta.url);

const EXPRESS = `
import express from ${JSON.stringify(require.resolve("express"))};
const app = express();
app.set("trust proxy", 1);
app.get("/", ({ ip, protocol, socket }, response) => {
  response.json({ ip: ip ?? null, protocol, address: socket.remoteAddress ?? null, port: socket.remotePort ?? null });
});
export default app;`;

const FASTIFY = `
import Fastify from ${JSON.stringify(require.resolve("fastify"))};
const app = Fastify({ trustProxy: true });
app.get("/", async ({ ip, protocol, socket }) => {
  return { ip: ip ?? null, protocol, address: socket.remoteAddress ?? null, port: socket.remotePort ?? null };
});
export default app;`;

interface Seen {
  readonly ip: string | null;
  readonly protocol: string;
  readonly address: string | null;
  readonly port: number | null;
}

const PROXY = ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"];

async function see(
  target: net.NetConnectOpts,
  headers: readonly string[],
): Promise<Seen & { readonly local: number }> {
  const socket = net.connect(target);
  await new Promise((resolve) => socket.once("connect", resolve));
  const local = socket.localPort ?? 0;
  const client = new RawClient(socket);
  client.get("/", "Connection: close", ...headers);
  const body = /\{.*\}/.exec(await client.receives("}"))?.[0] ?? "{}";
  await client.closes();
  return { ...(JSON.parse(body) as Seen), local };
}

describe.each(ROWS)("with %s", (_, options) => {
  it.each([
    ["Express", EXPRESS],
    ["Fastify", FASTIFY],
  ])("%s sees the client over TCP, on both addresses, and the proxy's client behind one", async (_, app) => {
    const folder = await testFolder({ "app.mjs": app });
    const unix = join(folder, "app.sock");
    const hasUnix = !options.includes("reuseport");
    const addresses = ["127.0.0.1:0", "[::1]:0", ...(hasUnix ? [`unix:${unix}`] : [])];
    const listen = addresses.flatMap((address) => ["-l", address]);
    const server = await startBrood(folder, "-w", "2", ...listen, ...options);
    for (const address of server.addresses.slice(0, 2)) {
      const { hostname, port } = new URL(address);
      const host = hostname.replace(/[[\]]/g, "");
      const direct = await see({ host, port: Number(port) }, []);
      expect(direct).toMatchObject({ ip: host, protocol: "http", address: host, port: direct.local });
      const proxied = await see({ host, port: Number(port) }, PROXY);
      expect(proxied).toMatchObject({ ip: "203.0.113.7", protocol: "https", address: host });
    }
    if (!hasUnix) return;
    expect(await see({ path: unix }, PROXY)).toMatchObject({ ip: "203.0.113.7", protocol: "https" });
  });
});
