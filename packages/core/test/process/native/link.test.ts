// The framed link over a socket pair: order, size, descriptors, ends and coded errors.
import { spawnSync } from "node:child_process";
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createFramedLink } from "../../../src/native/index.ts";
import { encodeFrame } from "../../../src/native/link-frames.ts";
import { within } from "../support.ts";
import { binding, json, skipReason, template, wire, wires } from "./support.ts";

describe.skipIf(skipReason !== null)("the native link", () => {
  it("carries frames both ways in order", async () => {
    const [left, right] = wires();
    for (let number = 0; number < 1_000; number += 1) expect(left.link.send(json({ number }))).toBe(true);
    right.link.send(json({ hello: "back" }));
    for (let number = 0; number < 1_000; number += 1) expect((await right.next()).value).toEqual({ number });
    expect((await left.next()).value).toEqual({ hello: "back" });
  });

  it("carries a frame far larger than the socket's buffer, and empty ones", async () => {
    const [left, right] = binding().socketPair();
    const received: Buffer[] = [];
    const done = new Promise<void>((resolve) => {
      const link = createFramedLink(binding(), right, {
        frame: (payload) => void (received.push(payload) === 3 && resolve()),
        ended() {},
      });
      onTestFinished(() => link.close());
    });
    const sender = createFramedLink(binding(), left, { frame() {}, ended() {} });
    onTestFinished(() => sender.close());
    const large = Buffer.alloc(10_000_000, "brood");
    for (const payload of [Buffer.alloc(0), large, Buffer.alloc(0)]) expect(sender.send(payload)).toBe(true);
    expect(sender.queuedBytes).toBeGreaterThan(0);
    await within("three frames", done);
    expect(sender.queuedBytes).toBe(0);
    expect(received.map((payload) => payload.length)).toEqual([0, 10_000_000, 0]);
    expect(received[1]?.equals(large)).toBe(true);
  });

  it("passes descriptors with their frame, also from the queue, and the sender may close its own at once", async () => {
    const [left, right] = wires();
    const folder = mkdtempSync(join(tmpdir(), "brood-link-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    expect(left.link.send(json({ text: "x".repeat(2_000_000) }))).toBe(true);
    for (let number = 0; number < 30; number += 1) {
      writeFileSync(join(folder, `${number}`), `file ${number}`);
      const files = Array.from({ length: number % 3 }, () => openSync(join(folder, `${number}`), "r"));
      expect(left.link.send(json({ number }), files)).toBe(true);
      for (const file of files) closeSync(file);
    }
    await right.next();
    for (let number = 0; number < 30; number += 1) {
      const { value, descriptors } = await right.next();
      expect(value).toEqual({ number });
      expect(descriptors).toHaveLength(number % 3);
      for (const descriptor of descriptors) {
        expect(readFileSync(descriptor, "utf8")).toMatch(new RegExp(`^(file ${number})?$`));
        closeSync(descriptor);
      }
    }
  });

  it("passes a listening socket that serves in the receiver", async () => {
    const [left, right] = wires();
    const [listener, port] = binding().bindReuseport("127.0.0.1", 0, 16, false);
    left.link.send(json("socket"), [listener]);
    closeSync(listener);
    const [fd] = (await right.next()).descriptors;
    const server = createServer((socket) => socket.end("served"));
    server.listen({ fd });
    onTestFinished(() => void server.close());
    expect(await within("the answer", answerOf("127.0.0.1", port))).toBe("served");
  });

  it("tells the end once when the peer closes, after every frame that was sent", async () => {
    const [left, right] = wires();
    left.link.send(json("last"));
    left.link.close();
    expect((await right.next()).value).toBe("last");
    expect(await within("the end", right.ended)).toBeNull();
    expect(right.link.send(json("too late"))).toBe(false);
  });

  it("tells the end when the peer is killed, with bytes unread or not", async () => {
    const made = await template();
    for (const isUnread of [false, true]) {
      const worker = await made.fork({ work: "spin" });
      if (isUnread) worker.wire.link.send(json("never read"));
      worker.watch.signal("SIGKILL");
      expect(await within("the end", worker.wire.ended)).toBeNull();
      await worker.ended;
      await worker.reap();
    }
  });

  it("refuses frames while the peer does not read, and keeps those it took", async () => {
    const [left, right] = binding().socketPair();
    const sender = createFramedLink(binding(), left, { frame() {}, ended() {} });
    onTestFinished(() => sender.close());
    let taken = 0;
    while (sender.send(json({ number: taken, text: "x".repeat(1_000_000) }))) taken += 1;
    expect(taken).toBeGreaterThan(10);
    expect(taken).toBeLessThan(30);
    const reader = wire(right);
    for (let number = 0; number < taken; number += 1) {
      expect((await reader.next()).value["number"]).toBe(number);
    }
    expect(() => sender.send(Buffer.alloc(257 * 1024 * 1024))).toThrow(RangeError);
  });

  it.each([
    ["bytes that are no frame", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["a frame of 4294967295 bytes", Buffer.from("ffffffff00000db0", "hex")],
    ["1 descriptors announced, 0 came", encodeFrame(Buffer.from("x"), 1)],
    ["the end within a frame", encodeFrame(Buffer.from("cut off"), 0).subarray(0, 10)],
  ])("ends as BROOD_PROTOCOL on %s", async (what, bytes) => {
    const [left, right] = binding().socketPair();
    const { ended } = wire(right);
    binding().linkSend(left, bytes, []);
    closeSync(left);
    expect(await within("the end", ended)).toMatchObject({
      code: "BROOD_PROTOCOL",
      message: expect.stringContaining(what),
    });
  });

  it("closes descriptors that nobody took", async () => {
    const before = readdirSync("/proc/self/fd").length;
    const [left, right] = binding().socketPair();
    const { ended } = wire(right);
    const file = openSync("/dev/null", "r");
    binding().linkSend(left, encodeFrame(Buffer.from("cut off"), 1).subarray(0, 10), [file]);
    closeSync(file);
    closeSync(left);
    await within("the end", ended);
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });

  it("gives coded errors: EBADF, EINVAL, EMFILE", () => {
    const bytes = Buffer.from("x");
    const bad = expect.objectContaining({ code: "EBADF", errno: -9 });
    expect(() => binding().linkSend(9_999, bytes, [])).toThrowError(bad);
    expect(() => binding().linkReceive(9_999, bytes, [])).toThrowError(bad);
    expect(() => binding().duplicate(9_999)).toThrowError(bad);
    expect(() => binding().watchStart(9_999, 1, () => {})).toThrowError(bad);
    const [left, right] = binding().socketPair();
    expect(() => binding().linkSend(left, bytes, [9_999])).toThrowError(bad);
    expect(() => binding().linkSend(left, bytes, new Array(254).fill(left))).toThrowError(
      expect.objectContaining({ code: "EINVAL" }),
    );
    expect(binding().linkReceive(right, Buffer.alloc(8), [])).toBe(-1);
    closeSync(left);
    expect(() => binding().linkSend(right, bytes, [])).toThrowError(
      expect.objectContaining({ code: "EPIPE" }),
    );
    closeSync(right);
    expect(fstatSync(0)).toBeDefined();
  });

  it("says EMFILE for a process that may open no more, and leaks nothing", () => {
    const script = join(import.meta.dirname, "fixtures/no-more-descriptors.mjs");
    const { stdout, stderr } = spawnSync(
      "sh",
      ["-c", `ulimit -n 64; exec "$0" "$1"`, process.execPath, script],
      {
        encoding: "utf8",
      },
    );
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      socketPair: "EMFILE socketpair",
      duplicate: "EMFILE fcntl",
      bindReuseport: "EMFILE socket",
      pidfdOpen: "EMFILE pidfd_open",
      linkReceive: ["one", "dropped"],
      forkSibling: "EMFILE open",
      children: "",
      leaked: 0,
    });
  });
});

function answerOf(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    createConnection({ host, port })
      .on("data", (data) => {
        text += data.toString();
      })
      .on("end", () => resolve(text))
      .on("error", reject);
  });
}
