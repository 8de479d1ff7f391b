// Borders in a byte stream. A frame is a header of 8 bytes (payload length, number of descriptors, a mark) and its
// payload. Descriptors travel with the header's first byte, so all of a frame's are there when its header is.
// Pure: bytes in, frames out. After a breach the stream has lost its borders and nothing of it can be trusted.

const HEADER_BYTES = 8;
/** Tells a frame from whatever else may be written into an inherited socket. */
const MARK = 0xb00d;

export interface LinkFrame {
  readonly payload: Buffer;
  /** Owned by whoever gets the frame. */
  readonly descriptors: readonly number[];
  /** How many more were sent and dropped by the kernel: this process may open no more. */
  readonly dropped: number;
}

/** Among received descriptors: the rest of those that came with the same frame were dropped. */
const DROPPED = -1;

/** A frame as it goes onto the wire, in one piece: small frames then cost one system call. */
export function encodeFrame(payload: Uint8Array, descriptorCount: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes.writeUInt16LE(descriptorCount, 4);
  bytes.writeUInt16LE(MARK, 6);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

export class FrameDecoder {
  /** Received and not yet given out; whoever drops the decoder closes them. */
  readonly descriptors: number[] = [];
  /** Why the stream cannot be read any more; null while it can. */
  breach: string | null = null;
  readonly #maxBytes: number;
  readonly #header: Buffer = Buffer.alloc(HEADER_BYTES);
  #headerFilled = 0;
  #body: Buffer | null = null;
  #bodyFilled = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Inside a frame: an end of the stream here has cut one off. */
  get isPartial(): boolean {
    return this.#headerFilled > 0;
  }

  /** Every frame that is complete now. The bytes may be reused by the caller afterwards. */
  push(bytes: Uint8Array): LinkFrame[] {
    const frames: LinkFrame[] = [];
    let at = 0;
    while (this.breach === null && (at < bytes.length || this.#isComplete())) {
      if (this.#isComplete()) frames.push(this.#take());
      else if (this.#body === null) at += this.#fillHeader(bytes.subarray(at));
      else at += this.#fillBody(this.#body, bytes.subarray(at));
    }
    return frames;
  }

  #isComplete(): boolean {
    return this.#body !== null && this.#bodyFilled === this.#body.length;
  }

  #fillHeader(bytes: Uint8Array): number {
    const part = bytes.subarray(0, HEADER_BYTES - this.#headerFilled);
    this.#header.set(part, this.#headerFilled);
    this.#headerFilled += part.length;
    if (this.#headerFilled === HEADER_BYTES) this.#openBody();
    return part.length;
  }

  #openBody(): void {
    const length = this.#header.readUInt32LE(0);
    const announced = this.#header.readUInt16LE(4);
    if (this.#header.readUInt16LE(6) !== MARK) this.breach = "bytes that are no frame";
    else if (length > this.#maxBytes) this.breach = `a frame of ${length} bytes, at most ${this.#maxBytes}`;
    else if (announced > this.descriptors.length && this.#cutOffAt(announced) < 0) {
      this.breach = `${announced} descriptors announced, ${this.descriptors.length} came`;
    } else this.#body = Buffer.allocUnsafe(length);
    this.#bodyFilled = 0;
  }

  /** Where the frame's descriptors end early; below 0 when all are there. */
  #cutOffAt(announced: number): number {
    return this.descriptors.slice(0, announced).indexOf(DROPPED);
  }

  #fillBody(body: Buffer, bytes: Uint8Array): number {
    const part = bytes.subarray(0, body.length - this.#bodyFilled);
    body.set(part, this.#bodyFilled);
    this.#bodyFilled += part.length;
    return part.length;
  }

  #take(): LinkFrame {
    const payload = this.#body ?? Buffer.alloc(0);
    const announced = this.#header.readUInt16LE(4);
    const cutOffAt = this.#cutOffAt(announced);
    const descriptors = this.descriptors.splice(0, cutOffAt < 0 ? announced : cutOffAt);
    if (cutOffAt >= 0) this.descriptors.shift();
    this.#body = null;
    this.#headerFilled = 0;
    return { payload, descriptors, dropped: announced - descriptors.length };
  }
}
