// TCP_NODELAY comes from the listening socket, and what an application sees of it is what it sees in plain Node, whatever kind
// of server it has and however its connections come.

import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { nativeSupport } from "@brood/core/native";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseAddress } from "../../src/listen/addresses.ts";
import { bindAddresses } from "../../src/listen/bind.ts";
import type { BareHandle } from "../../src/listen/server-handle.ts";
import { InheritedNoDelay } from "../../src/worker/no-delay.ts";
import { SharedSockets } from "../../src/worker/shared-sockets.ts";
import { startBroodWith, testFolder } from "../support/brood-server.ts";
import { IN_PLAIN_NODE, KINDS, NO_DELAY_APP, type Told, told } from "../support/no-delay.ts";
import { rowsOf } from "../support/spawn.ts";
import { within } from "../support/within.ts";
import { ROWS } from "../support/worker-rows.ts";

const native = nativeSupport();
if (!native.ok) console.log(`skipped: TCP_NODELAY: ${native.reason}`);

type Env = Readonly<Record<string, string>>;

async function underBrood(kind: string, args: readonly string[], env: Env = {}): Promise<Told> {
  const common = ["-w", "1", "-l", "127.0.0.1:0", "--min-healthy", "0"];
  const server = await startBroodWith(
    { KIND: kind, ...env },
    await testFolder(),
    NO_DELAY_APP,
    ...common,
    ...args,
  );
  return told(kind, Number(new URL(server.addresses[0] ?? "").port));
}

async function inPlainNode(kind: string): Promise<Told> {
  const env = { ...process.env, KIND: kind, PORT: "0" };
  const child = spawn(process.execPath, [NO_DELAY_APP], { env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [port]: unknown[] = await within("listening", once(child.stdout, "data"));
  return told(kind, Number(port));
}

const FEW = rowsOf(
  KINDS,
  (kind) => ["http", "http, off", "h2", "tcp"].includes(kind),
  "other kinds of server",
);

/** The kinds of which it is not as in plain Node, with what they told. */
async function different(
  kinds: readonly string[],
  tell: (kind: string) => Promise<Told>,
): Promise<Readonly<Record<string, Told>>> {
  const all = await Promise.all(kinds.map(async (kind) => [kind, await tell(kind)] as const));
  return Object.fromEntries(all.filter(([kind, each]) => String(each) !== String(IN_PLAIN_NODE[kind])));
}

describe.skipIf(!native.ok)("TCP_NODELAY of connections", () => {
  it("in plain Node is as this file says", async () => {
    expect(await different(KINDS, inPlainNode)).toEqual({});
  });

  it.each(ROWS)("is the same with %s", async (name, options) => {
    const kinds = name === "processes" ? KINDS : FEW;
    expect(await different(kinds, (kind) => underBrood(kind, options))).toEqual({});
  });

  it.each(["listener", "connection"])("is the same without the addon, %s", async (handoff) => {
    const args = ["--handoff", handoff, "--spawn", "fresh"];
    expect(await different(FEW, (kind) => underBrood(kind, args, { BROOD_NATIVE: "off" }))).toEqual({});
  });
});

interface Listening {
  readonly port: number;
  readonly descriptor: number;
  readonly bare: BareHandle;
}

async function bound(...written: readonly string[]): Promise<readonly Listening[]> {
  const sockets = await bindAddresses(
    written.map((each) => parseAddress(each, "/")),
    0,
  );
  onTestFinished(async () => void (await Promise.all(sockets.map((each) => each.release()))));
  return sockets.map((each) => ({ ...each, port: Number(each.address.split(":").at(-1)) }));
}

function isNoDelay(fd: number): boolean {
  if (!native.ok) throw new Error(native.reason);
  return native.binding.isNoDelay(fd);
}

const handleOf = (owner: object): BareHandle => Reflect.get(owner, "_handle");

/** A server in this process on these sockets, and what of the option's system calls its connections made. */
async function serving(sockets: readonly Listening[], options: net.ServerOpts) {
  if (!native.ok) throw new Error(native.reason);
  const server = net.createServer(options);
  const descriptors = sockets.map(({ descriptor }) => ({ descriptor, backlog: null, isInherited: false }));
  const noDelay = new InheritedNoDelay(native.binding);
  const shared = await SharedSockets.open(server, descriptors, "", {}, noDelay);
  onTestFinished(() => shared.close());
  // Of TCP handles, which all have one prototype.
  const prototype: object = Object.getPrototypeOf(sockets[0]?.bare);
  const calls: unknown[] = [];
  const original: unknown = Reflect.get(prototype, "setNoDelay");
  if (typeof original !== "function") throw new TypeError("TCP handles have no setNoDelay in this Node");
  Reflect.set(prototype, "setNoDelay", function (this: unknown, isEnabled: boolean) {
    calls.push(isEnabled);
    return Reflect.apply(original, this, [isEnabled]);
  });
  onTestFinished(() => void Reflect.set(prototype, "setNoDelay", original));
  return {
    async connection(to: net.NetConnectOpts) {
      calls.length = 0;
      const accepted = once(server, "connection");
      const client = net.connect(to);
      onTestFinished(() => void client.destroy());
      const [socket]: unknown[] = await within("the connection", accepted);
      if (!(socket instanceof net.Socket)) throw new TypeError("no socket");
      onTestFinished(() => void socket.destroy());
      return { socket, isSet: isNoDelay(handleOf(socket).fd), calls };
    },
  };
}

describe.skipIf(!native.ok)("a server that wants TCP_NODELAY", () => {
  it("does not ask for it, on any of its sockets; what the application asks for is done", async () => {
    const sockets = await bound("127.0.0.1:0", "127.0.0.1:0");
    expect(sockets.map(({ descriptor }) => isNoDelay(descriptor))).toEqual([true, true]);
    const { connection } = await serving(sockets, { noDelay: true });
    for (const { port } of [...sockets, ...sockets]) {
      const { socket, isSet, calls } = await connection({ port });
      expect({ isSet, calls: [...calls] }).toEqual({ isSet: true, calls: [] });
      socket.setNoDelay(true).setNoDelay(false).setNoDelay(false).setNoDelay(true);
      expect(calls).toEqual([false, true]);
    }
  });

  it("asks for it where the kernel does not hand it down", async () => {
    const sockets = await bound("127.0.0.1:0");
    const [{ bare, port } = { bare: { fd: -1, close() {} }, port: 0 }] = sockets;
    Reflect.apply(Reflect.get(bare, "setNoDelay"), bare, [false]);
    const { connection } = await serving(sockets, { noDelay: true });
    for (let index = 0; index < 3; index += 1) {
      expect(await connection({ port })).toMatchObject({ isSet: true, calls: [true] });
    }
  });
});

describe.skipIf(!native.ok)("an inherited socket", () => {
  it("is left as it is, and with it those beside it", async () => {
    const owner = net.createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void owner.close());
    await within("listening", once(owner, "listening"));
    const { fd } = handleOf(owner);
    if (!native.ok) return;
    const sockets = await bound("127.0.0.1:0", `fd:${native.binding.duplicate(fd)}`);
    expect([fd, ...sockets.map(({ descriptor }) => descriptor)].map(isNoDelay)).toEqual([
      false,
      false,
      false,
    ]);
  });
});
