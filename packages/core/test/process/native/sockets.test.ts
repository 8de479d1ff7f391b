// What the handoffs need of the kernel: many accepts in one call, a look at first bytes, steering, queue lengths, sd_notify.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { within } from "../support.ts";
import { binding, skipReason } from "./support.ts";

/** Receives one datagram and prints it: Node has no unix datagram sockets. */
const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
path = sys.argv[1]
s.bind("\\0" + path[1:] if path.startswith("@") else path)
print("bound", flush=True)
print(s.recv(4096).decode(), flush=True)
`;

function listening(host = "127.0.0.1"): { readonly fd: number; readonly port: number } {
  const [fd, port] = binding().bindReuseport(host, 0, 64, false);
  onTestFinished(() => binding().close(fd));
  return { fd, port };
}

async function connect(port: number, host = "127.0.0.1"): Promise<net.Socket> {
  const socket = net.connect(port, host);
  onTestFinished(() => void socket.destroy());
  await within("connect", once(socket, "connect"));
  return socket;
}

const connectMany = (port: number, count: number): Promise<net.Socket[]> =>
  Promise.all(Array.from({ length: count }, () => connect(port)));

describe.skipIf(skipReason !== null)("accepting without libuv", () => {
  it("takes all that wait, at most as many as asked for, and none is no error", async () => {
    const { fd, port } = listening();
    expect(binding().acceptMany(fd, 10)).toEqual([]);
    await connectMany(port, 5);
    expect(binding().queueLength(fd)).toBe(5);
    const first = binding().acceptMany(fd, 3);
    const rest = binding().acceptMany(fd, 10);
    expect([first.length, rest.length, binding().queueLength(fd)]).toEqual([3, 2, 0]);
    binding().closeMany([...first, ...rest]);
  });

  it.each(["127.0.0.1", "::1"])("knows the client's address, %s", async (host) => {
    const { fd, port } = listening(host);
    await connect(port, host);
    const [connection = -1] = binding().acceptMany(fd, 1);
    expect(binding().peerAddress(connection)).toBe(host);
    binding().close(connection);
  });

  it("peeks: the bytes are seen and stay; nothing yet and the end are told apart", async () => {
    const { fd, port } = listening();
    const client = await connect(port);
    const [connection = -1] = binding().acceptMany(fd, 1);
    const bytes = Buffer.alloc(16);
    expect(binding().peek(connection, bytes)).toBe(-1);
    client.end("hello");
    await until(() => binding().peek(connection, bytes) === 5);
    expect(bytes.subarray(0, 5).toString()).toBe("hello");
    const socket = new net.Socket({ fd: connection });
    const [read] = (await within("the bytes", once(socket, "data"))) as [Buffer];
    expect(read.toString()).toBe("hello");
    socket.destroy();
  });

  it("throws coded errors", () => {
    expect(() => binding().acceptMany(1_000_000, 1)).toThrow(expect.objectContaining({ code: "EBADF" }));
    expect(() => binding().queueLength(1_000_000)).toThrow(expect.objectContaining({ code: "EBADF" }));
    expect(() => binding().steer(1_000_000, [0])).toThrow(expect.objectContaining({ code: "EBADF" }));
    expect(() => binding().steer(0, [])).toThrow(expect.objectContaining({ code: "EINVAL" }));
  });
});

describe.skipIf(skipReason !== null)("a shared page", () => {
  it("shows what a killed process has counted, also after the descriptor is closed", async () => {
    const fd = binding().pageCreate(4_096);
    const words = new Uint32Array(binding().pageMap(fd));
    const addon = fileURLToPath(new URL("../../../native/build/brood.node", import.meta.url));
    const script = `
      const words = new Uint32Array(require(process.argv[1]).pageMap(3));
      Atomics.add(words, 0, 7);
      process.kill(process.pid, "SIGKILL");`;
    const writer = spawn(process.execPath, ["-e", script, addon], {
      stdio: ["ignore", "inherit", "inherit", fd],
    });
    binding().close(fd);
    const [, signal] = await within("its end", once(writer, "exit"));
    expect([signal, words.length, words[0], words[1]]).toEqual(["SIGKILL", 1_024, 7, 0]);
  });

  it("is as large as was asked for, within bounds", () => {
    const fd = binding().pageCreate(100_000);
    const bytes = new Uint8Array(binding().pageMap(fd));
    bytes[99_999] = 1;
    expect([bytes.length, bytes[0], new Uint8Array(binding().pageMap(fd))[99_999]]).toEqual([100_000, 0, 1]);
    binding().close(fd);
    for (const size of [4_095, 16 * 2 ** 20 + 1, -1])
      expect(() => binding().pageCreate(size)).toThrow(expect.objectContaining({ code: "EINVAL" }));
  });

  it("is no other file", () => {
    expect(() => binding().pageMap(1_000_000)).toThrow(expect.objectContaining({ code: "EBADF" }));
    const { fd } = listening();
    expect(() => binding().pageMap(fd)).toThrow(expect.objectContaining({ code: "EINVAL" }));
  });
});

describe.skipIf(skipReason !== null)("steering", () => {
  it("gives new connections to the wanted sockets only; a closed one's index goes to the last", async () => {
    const [first, port] = binding().bindReuseport("127.0.0.1", 0, 256, false);
    const [second] = binding().bindReuseport("127.0.0.1", port, 256, false);
    const [third] = binding().bindReuseport("127.0.0.1", port, 256, false);
    const lengths = (): readonly number[] => [first, second, third].map((fd) => binding().queueLength(fd));
    binding().steer(first, [1]);
    await connectMany(port, 20);
    expect(lengths()).toEqual([0, 20, 0]);
    binding().steer(first, [0, 2]);
    await connectMany(port, 40);
    expect(lengths()[1]).toBe(20);
    expect(Math.min(...lengths())).toBeGreaterThan(0);

    binding().closeMany(binding().acceptMany(first, 256));
    binding().close(first);
    // The third is now the first of the list.
    binding().steer(second, [0]);
    const before = binding().queueLength(third);
    await connectMany(port, 20);
    expect([binding().queueLength(second), binding().queueLength(third)]).toEqual([20, before + 20]);
    binding().unsteer(second);
    await connectMany(port, 40);
    expect(binding().queueLength(second)).toBeGreaterThan(20);
    binding().close(second);
    binding().close(third);
  });
});

describe.skipIf(skipReason !== null)("notify", () => {
  it.each(["path", "abstract name"])("sends one datagram to a %s", async (kind) => {
    const folder = mkdtempSync(join(tmpdir(), "brood-notify-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = kind === "path" ? join(folder, "notify") : `@${folder}`;
    const receiver = spawn("python3", ["-c", RECEIVER, path], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void receiver.kill("SIGKILL"));
    let output = "";
    receiver.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    await until(() => output.startsWith("bound\n"));
    binding().notify(path, "READY=1\nSTATUS=grüezi");
    await within("the end of the receiver", once(receiver, "close"));
    expect(output).toBe("bound\nREADY=1\nSTATUS=grüezi\n");
  });

  it("throws when nobody listens, and for a path that is none", () => {
    expect(() => binding().notify("/nowhere/at/all", "READY=1")).toThrow(
      expect.objectContaining({ code: "ENOENT" }),
    );
    expect(() => binding().notify("", "READY=1")).toThrow(expect.objectContaining({ code: "EINVAL" }));
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  const came = (async () => {
    while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
  })();
  await within("the condition", came);
}
