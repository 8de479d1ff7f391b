// The worker of the fuzzer of wires: writes what it is told into its own link, as text of the link's kind or as bare bytes.
import { createSocket } from "node:dgram";
import fs from "node:fs";
import net from "node:net";
import { MessagePort } from "node:worker_threads";

let port = null;
const { postMessage } = MessagePort.prototype;
MessagePort.prototype.postMessage = function (...values) {
  port ??= this;
  return Reflect.apply(postMessage, this, values);
};

const linkOf = () => {
  for (let fd = 3; ; fd += 1) {
    try {
      if (fs.fstatSync(fd).isSocket()) return fd;
    } catch {}
  }
};

const writeAll = (fd, bytes) => {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(fd, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
};

const framed = (text) => {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt16LE(0xb00d, 6);
  return Buffer.concat([head, payload]);
};

const sendText = ({ runtime, spawn }, text) => {
  if (runtime === "thread") Reflect.apply(postMessage, port, [text]);
  else if (spawn === "template") writeAll(linkOf(), framed(text));
  else writeAll(3, Buffer.from(`${text}\n`));
};

const sendBytes = ({ runtime, spawn }, bytes) => {
  if (runtime === "thread") Reflect.apply(postMessage, port, [bytes]);
  else writeAll(spawn === "template" ? linkOf() : 3, bytes);
};

/** What only Node's channel carries. */
const sendHandle = async (kind, message) => {
  if (process.send === undefined) return;
  const handle =
    kind === "datagram"
      ? createSocket("udp4").bind(0, "127.0.0.1")
      : net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => handle.once("listening", resolve));
  process.send(message, handle, () => handle.close());
};

// biome-ignore lint/style/noDefaultExport: an entry of Brood is one
export default (context) => ({
  message({ ping, texts = [], bytes, handle, raw }) {
    for (const text of texts) sendText(context, text);
    if (bytes !== undefined) sendBytes(context, Buffer.from(bytes, "base64"));
    if (handle !== undefined) void sendHandle(handle, raw);
    else if (raw !== undefined && process.send !== undefined) process.send(raw);
    if (ping !== undefined) context.post({ pong: ping });
  },
});
