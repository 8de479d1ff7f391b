// A link over one end of a socket pair: frames with descriptors, both ways, in order, without waiting.
// What fits goes out at once, so a last word before `exitNow` needs no turn of the loop; the rest waits in a bounded
// queue. A queued descriptor is duplicated: the caller may close its own as soon as `send` has returned.
// `ended` comes once, at the peer's end, at a breach or at an error; the descriptor is closed then.

import { PoolError } from "../errors.ts";
import { type Binding, READABLE, type Watch, WRITABLE } from "./binding.ts";
import { encodeFrame, FrameDecoder, type LinkFrame } from "./link-frames.ts";

export interface LinkSink {
  /** The descriptors belong to the receiver, which closes them. */
  frame(payload: Buffer, descriptors: readonly number[]): void;
  /** As `frame`, for one that lost `dropped` of its descriptors: this process may open no more. Without this the link ends
   *  with EMFILE. */
  cutOff?(payload: Buffer, descriptors: readonly number[], dropped: number): void;
  /** Null: the peer closed its end or died. */
  ended(error: Error | null): void;
}

export interface FramedLink {
  /** False when the link is closed, its queue is full, or no descriptor is left to keep copies in; nothing was taken then. */
  send(payload: Uint8Array, descriptors?: readonly number[]): boolean;
  readonly queuedBytes: number;
  ref(): void;
  unref(): void;
  /** Closes without a last word: what is queued is dropped, `ended` is not called. May be called twice. */
  close(): void;
}

/** A task or result of 100 MB as base64, with room to spare; a wrong length must not make us allocate gigabytes. */
const FRAME_MAX_BYTES = 256 * 1024 * 1024;
const QUEUE_MAX_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** Then the loop has its turn: one busy peer must not keep the others from theirs. */
const CHUNKS_PER_TURN = 16;

/** The kernel refuses for now: descriptors or memory are used up, here or (ETOOMANYREFS) on their way. Nothing went. */
const PASSING: ReadonlySet<unknown> = new Set(["ENOMEM", "ENOBUFS", "ETOOMANYREFS", "EMFILE", "ENFILE"]);
/** Then what was refused is tried again; the socket itself has room, and cannot tell when. */
const TRY_AGAIN_AFTER_MS = 20;

interface Outgoing {
  bytes: Buffer;
  descriptors: readonly number[];
}

/** Takes the descriptor over. Keeps the loop alive until closed or `unref`.
 *  @param queueMaxBytes a peer that does not read: the sender is told instead of filling memory. One frame always fits. */
export function createFramedLink(
  binding: Binding,
  fd: number,
  sink: LinkSink,
  queueMaxBytes: number = QUEUE_MAX_BYTES,
): FramedLink {
  return new SocketLink(binding, fd, sink, queueMaxBytes);
}

class SocketLink implements FramedLink {
  readonly #binding: Binding;
  readonly #fd: number;
  readonly #sink: LinkSink;
  readonly #queueMaxBytes: number;
  readonly #watch: Watch;
  readonly #decoder: FrameDecoder = new FrameDecoder(FRAME_MAX_BYTES);
  readonly #chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  readonly #queue: Outgoing[] = [];
  #queuedBytes = 0;
  #isOpen = true;
  #tryAgain: NodeJS.Timeout | undefined;

  constructor(binding: Binding, fd: number, sink: LinkSink, queueMaxBytes: number) {
    this.#binding = binding;
    this.#fd = fd;
    this.#sink = sink;
    this.#queueMaxBytes = queueMaxBytes;
    this.#watch = binding.watchStart(fd, READABLE, (status, events) => this.#turn(status, events));
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  send(payload: Uint8Array, descriptors: readonly number[] = []): boolean {
    const isFull = this.#queue.length > 0 && this.#queuedBytes + payload.length > this.#queueMaxBytes;
    if (!this.#isOpen || isFull) return false;
    if (payload.length > FRAME_MAX_BYTES) {
      throw new RangeError(`a frame of ${payload.length} bytes; the link takes at most ${FRAME_MAX_BYTES}`);
    }
    const bytes = encodeFrame(payload, descriptors.length);
    const sent = this.#queue.length > 0 ? 0 : this.#write(bytes, descriptors);
    if (sent === null) return false;
    return sent === bytes.length || this.#enqueue(bytes.subarray(sent), sent > 0 ? [] : descriptors);
  }

  ref(): void {
    this.#binding.watchRef(this.#watch, true);
  }

  unref(): void {
    this.#binding.watchRef(this.#watch, false);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#tryAgain);
    this.#binding.watchStop(this.#watch);
    for (const { descriptors } of this.#queue.splice(0)) this.#closeAll(descriptors);
    this.#closeAll(this.#decoder.descriptors.splice(0).filter((each) => each >= 0));
    this.#binding.close(this.#fd);
    this.#queuedBytes = 0;
  }

  /** How many bytes went, 0 too when the kernel refuses for now; null when the peer has gone (`ended` tells, in the loop's next turn). */
  #write(bytes: Buffer, descriptors: readonly number[]): number | null {
    try {
      return Math.max(0, this.#binding.linkSend(this.#fd, bytes, descriptors));
    } catch (error) {
      if (isPeerGone(error)) return null;
      if (!PASSING.has((error as NodeJS.ErrnoException).code)) throw error;
      this.#tryAgain ??= setTimeout(() => this.#triedAgain(), TRY_AGAIN_AFTER_MS);
      return 0;
    }
  }

  #triedAgain(): void {
    this.#tryAgain = undefined;
    this.#turn(0, WRITABLE);
  }

  /** False: there are no descriptors to keep copies of these in. */
  #enqueue(bytes: Buffer, descriptors: readonly number[]): boolean {
    const copies = this.#duplicateAll(descriptors);
    if (copies === null) return false;
    this.#queue.push({ bytes, descriptors: copies });
    this.#queuedBytes += bytes.length;
    this.#listen();
    return true;
  }

  /** The socket's room is of interest while something waits for it, and for nothing else. */
  #listen(): void {
    const waits = this.#queue.length > 0 && this.#tryAgain === undefined;
    this.#binding.watchChange(this.#watch, waits ? READABLE | WRITABLE : READABLE);
  }

  #duplicateAll(descriptors: readonly number[]): number[] | null {
    const copies: number[] = [];
    try {
      for (const descriptor of descriptors) copies.push(this.#binding.duplicate(descriptor));
    } catch (error) {
      this.#closeAll(copies);
      if (PASSING.has((error as NodeJS.ErrnoException).code)) return null;
      throw error;
    }
    return copies;
  }

  #closeAll(descriptors: readonly number[]): void {
    for (const descriptor of descriptors) this.#binding.close(descriptor);
  }

  #turn(status: number, events: number): void {
    try {
      if ((events & WRITABLE) !== 0) this.#flush();
      // A status tells of an error on the descriptor: reading names it.
      if (this.#isOpen && (status < 0 || (events & READABLE) !== 0)) this.#read();
    } catch (error) {
      this.#end(isPeerGone(error) ? null : (error as Error));
    }
  }

  #flush(): void {
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const sent = this.#write(head.bytes, head.descriptors);
      if (sent === null) return;
      if (sent === 0) return this.#listen();
      this.#closeAll(head.descriptors);
      this.#queuedBytes -= sent;
      if (sent === head.bytes.length) this.#queue.shift();
      else this.#queue[0] = { bytes: head.bytes.subarray(sent), descriptors: [] };
    }
    this.#listen();
  }

  #read(): void {
    for (let round = 0; round < CHUNKS_PER_TURN && this.#isOpen; round += 1) {
      const count = this.#binding.linkReceive(this.#fd, this.#chunk, this.#decoder.descriptors);
      if (count < 0) return;
      if (count === 0) return this.#end(this.#decoder.isPartial ? breach("the end within a frame") : null);
      for (const frame of this.#decoder.push(this.#chunk.subarray(0, count))) {
        if (this.#isOpen) this.#receive(frame);
        else this.#closeAll(frame.descriptors);
      }
      if (this.#decoder.breach !== null) return this.#end(breach(this.#decoder.breach));
    }
  }

  #receive(frame: LinkFrame): void {
    const { payload, descriptors, dropped } = frame;
    if (dropped === 0) return this.#deliver(() => this.#sink.frame(payload, descriptors));
    if (this.#sink.cutOff !== undefined)
      return this.#deliver(() => this.#sink.cutOff?.(payload, descriptors, dropped));
    this.#closeAll(descriptors);
    this.#end(outOfDescriptors(dropped));
  }

  /** A throw of the receiver is its own uncaught exception, and must not cost it the frames behind. */
  #deliver(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #end(error: Error | null): void {
    if (!this.#isOpen) return;
    this.close();
    this.#deliver(() => this.#sink.ended(error));
  }
}

function breach(what: string): PoolError {
  return new PoolError("BROOD_PROTOCOL", `the native link got ${what}. Only Brood may write to it.`);
}

/** As the addon would throw it. */
export function outOfDescriptors(dropped: number): Error {
  const error = new Error(`EMFILE recvmsg: ${dropped} descriptors dropped, this process may open no more`);
  return Object.assign(error, { code: "EMFILE", syscall: "recvmsg" });
}

/** ECONNRESET: it died with something of ours unread. */
function isPeerGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EPIPE" || code === "ECONNRESET";
}
