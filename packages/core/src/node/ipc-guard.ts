// Node's own reader of a child's IPC channel, made safe against what the child writes. Node parses the bytes within a callback of
// libuv and opens handles that come along in a `nextTick`: a line that is no JSON, a forged acknowledgement or a handle of an
// unknown kind would be an uncaught exception of this process. Here each is one child's breach, and nothing more of it is read.
// Handles are closed before Node opens them: nobody here takes any from a child, and an opened server would begin to accept.
// UNDOCUMENTED of Node, and probed by test/process/wire.test.ts on each version: `child[kChannelHandle].onread`,
// `pendingHandle`, the event `internalMessage` with `cmd`, and that the serialization "advanced" begins with the length.
// Rejected: async_hooks around the fork (each fork would slow down the whole process); a channel of our own instead of Node's
// (the application's `process.send` would have no other end).

import type { ChildProcess } from "node:child_process";

/** A frame without an end must not fill this process's memory. Tasks and results of 100 MB go through. */
const MESSAGE_MAX_BYTES = 2 ** 30;
const LENGTH_BYTES = 4;
const NEW_LINE = 10;
/** What of a name stands in a message. */
const NAME_MAX = 40;

/** The handle of libuv under an IPC channel, as Node uses it. */
interface ChannelHandle {
  onread: (this: unknown, bytes?: ArrayBuffer) => void;
  pendingHandle?: unknown;
}

/** Guards the channel of a child that has just been started.
 *  @param broken called once, with what was wrong; nothing of the child is read after it
 *  @returns false: this Node has no such reader; only handles and internal messages are guarded then */
export function guardIpc(
  child: ChildProcess,
  serialization: "json" | "advanced",
  broken: (detail: string) => void,
): boolean {
  const guard = new IpcGuard(child, serialization, broken);
  guard.wrapEmit();
  const handle = channelHandleOf(child);
  if (handle === null) return false;
  guard.wrapRead(handle);
  return true;
}

class IpcGuard {
  readonly #child: ChildProcess;
  readonly #broken: (detail: string) => void;
  readonly #borders: Borders;
  #isBroken = false;
  /** It came with the first byte of a message whose end is still to come. */
  #unclaimed: unknown = null;

  constructor(child: ChildProcess, serialization: "json" | "advanced", broken: (detail: string) => void) {
    this.#child = child;
    this.#broken = broken;
    this.#borders = serialization === "json" ? new LineBorders() : new LengthBorders();
  }

  wrapRead(handle: ChannelHandle): void {
    const read = handle.onread;
    const guard = this;
    handle.onread = function guarded(bytes) {
      guard.#took(handle);
      if (bytes === undefined) guard.#close();
      else if (!guard.#isReadable(bytes)) return;
      try {
        Reflect.apply(read, this, [bytes]);
      } catch (error) {
        guard.#break(`what it wrote to its IPC channel cannot be read: ${messageOf(error)}`);
      }
    };
  }

  wrapEmit(): void {
    const child = this.#child;
    const { emit } = child;
    const guarded = (name: string | symbol, ...values: unknown[]): boolean => {
      if (name !== "internalMessage") {
        if (name === "message" && this.#isBroken) return true;
        return Reflect.apply(emit, child, [name, ...values]);
      }
      try {
        return this.#internal(values, () => Reflect.apply(emit, child, [name, ...values]));
      } catch {
        const cmd = String(fieldOf(values[0], "cmd")).slice(0, NAME_MAX);
        this.#break(`it sent ${cmd}, which only Node itself sends, and which Node did not expect`);
        return true;
      }
    };
    Reflect.set(child, "emit", guarded);
  }

  /** What Node says to itself over the channel. */
  #internal([message, handle]: readonly unknown[], pass: () => boolean): boolean {
    if (this.#isBroken) return true;
    if (fieldOf(message, "cmd") !== "NODE_HANDLE" || handle === undefined || handle === null) return pass();
    if (handle === this.#unclaimed) this.#unclaimed = null;
    closeHandle(handle);
    // The sender waits for it, and holds back everything else.
    if (this.#child.connected) this.#child.send({ cmd: "NODE_HANDLE_ACK" }, undefined, undefined, () => {});
    const carried = fieldOf(message, "msg");
    const isInternal = String(fieldOf(carried, "cmd")).startsWith("NODE_");
    return this.#child.emit(isInternal ? "internalMessage" : "message", carried, undefined);
  }

  #isReadable(bytes: ArrayBuffer): boolean {
    if (this.#isBroken) return false;
    const pendingBytes = this.#borders.pendingAfter(new Uint8Array(bytes));
    if (pendingBytes <= MESSAGE_MAX_BYTES) return true;
    this.#break(`it began a message of more than ${MESSAGE_MAX_BYTES} bytes on its IPC channel`);
    return false;
  }

  /** A handle has come with these bytes. One before it that no message has claimed never will be. */
  #took(handle: ChannelHandle): void {
    const came = handle.pendingHandle ?? null;
    if (came === null) return;
    closeHandle(this.#unclaimed);
    this.#unclaimed = came;
    if (!this.#isBroken) return;
    handle.pendingHandle = null;
    this.#close();
  }

  #close(): void {
    closeHandle(this.#unclaimed);
    this.#unclaimed = null;
  }

  #break(detail: string): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#close();
    this.#broken(detail);
  }
}

/** How many bytes of a message have come or are announced, behind the last one that is whole. */
interface Borders {
  pendingAfter(bytes: Uint8Array): number;
}

/** A message is a line. */
class LineBorders implements Borders {
  #pending = 0;

  pendingAfter(bytes: Uint8Array): number {
    const end = bytes.lastIndexOf(NEW_LINE);
    this.#pending = end < 0 ? this.#pending + bytes.length : bytes.length - end - 1;
    return this.#pending;
  }
}

/** A message's length stands before it. */
class LengthBorders implements Borders {
  #left = 0;
  #length = 0;
  #lengthBytes = 0;

  pendingAfter(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, bytes.length - at);
        this.#left -= part;
        at += part;
        continue;
      }
      this.#length = this.#length * 256 + (bytes[at] ?? 0);
      this.#lengthBytes += 1;
      at += 1;
      if (this.#lengthBytes < LENGTH_BYTES) continue;
      this.#left = this.#length;
      if (this.#left > MESSAGE_MAX_BYTES) return this.#left;
      this.#length = 0;
      this.#lengthBytes = 0;
    }
    return this.#left;
  }
}

function channelHandleOf(child: ChildProcess): ChannelHandle | null {
  const key = Object.getOwnPropertySymbols(child).find(({ description }) => description === "kChannelHandle");
  const handle: unknown = key === undefined ? null : Reflect.get(child, key);
  return isChannelHandle(handle) ? handle : null;
}

function isChannelHandle(value: unknown): value is ChannelHandle {
  return typeof fieldOf(value, "onread") === "function";
}

/** A bare handle of libuv: a socket, a server, a datagram socket. */
function closeHandle(handle: unknown): void {
  const close = fieldOf(handle, "close");
  if (typeof close === "function") Reflect.apply(close, handle, []);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}
