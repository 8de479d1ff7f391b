// Frames on the wire: wraps outgoing messages, unwraps and checks incoming ones. Pure, the same on both ends and over
// every transport. A frame seen twice is dropped; a missing one is a breach, because every message matters. So is another one
// under a number that has been: somebody else writes to this wire, and the owner's next frame would be dropped in its place.
// The transports keep order and message borders; the sequence number proves that they did. messages.ts has the decoder of
// each message.

import { type Decoder, Mismatch } from "./decoders.ts";
import { fromTemplate, fromWorker, toTemplate, toWorker } from "./messages.ts";
import { type Frame, PROTOCOL_VERSION, type SupervisorMessage, type WorkerMessage } from "./protocol.ts";
import type { TemplateCommand, TemplateMessage } from "./template-protocol.ts";

export type Reading<Message> =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "duplicate" }
  /** Not a frame: something that the application itself sent over the same channel. */
  | { readonly kind: "foreign" }
  | { readonly kind: "violation"; readonly detail: string };

export interface FrameWriter<Message> {
  /** Hands the next frame to `send`. Its number counts as used only if `send` returns true: what throws (a value that the
   *  transport cannot encode) or was not taken (false) has never been on its way, and must not look lost.
   *  @throws what `send` throws */
  write(message: Message, send: (frame: Frame<Message>) => boolean): boolean;
}

export interface FrameReader<Message> {
  /** Never throws. */
  read(value: unknown): Reading<Message>;
}

export function createFrameWriter<Message>(): FrameWriter<Message> {
  let seq = 0;
  return {
    write(message, send) {
      const isTaken = send({ brood: PROTOCOL_VERSION, seq: seq + 1, message });
      if (isTaken) seq += 1;
      return isTaken;
    },
  };
}

/** Reads what a worker sends. */
export function createWorkerFrameReader(): FrameReader<WorkerMessage> {
  return createReader<WorkerMessage>(fromWorker);
}

/** Reads what the supervisor sends. */
export function createSupervisorFrameReader(): FrameReader<SupervisorMessage> {
  return createReader(toWorker);
}

/** Reads what a template sends. */
export function createTemplateFrameReader(): FrameReader<TemplateMessage> {
  return createReader(fromTemplate);
}

/** Reads what the supervisor tells a template. */
export function createTemplateCommandReader(): FrameReader<TemplateCommand> {
  return createReader(toTemplate);
}

interface ClaimedFrame {
  readonly brood: unknown;
  readonly seq: unknown;
  readonly message?: unknown;
}

/** True for anything that claims to be a frame of any version. */
export function isFrame(value: unknown): value is ClaimedFrame {
  return typeof value === "object" && value !== null && "brood" in value && "seq" in value;
}

function createReader<Message>(decode: Decoder<Message>): FrameReader<Message> {
  let lastSeq = 0;
  let last: unknown = null;
  return {
    read(value) {
      if (!isFrame(value)) return { kind: "foreign" };
      const { brood, seq, message } = value;
      if (brood !== PROTOCOL_VERSION)
        return violation(`protocol version ${describe(brood)}, expected ${PROTOCOL_VERSION}`);
      if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1)
        return violation(`a frame without a number: ${describe(seq)}`);
      if (seq === lastSeq && last !== null && isSame(message, last)) return { kind: "duplicate" };
      if (seq === lastSeq) return violation(`frame ${seq} came again, and is another one`);
      if (seq < lastSeq) return violation(`frame ${seq} after ${lastSeq}`);
      if (seq !== lastSeq + 1) return violation(`frame ${seq} after ${lastSeq}: one was lost`);
      lastSeq = seq;
      // What an application posts may be large, and is not kept.
      last = isPost(message) ? null : message;
      try {
        return { kind: "message", message: decode(message) };
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
        return violation(`frame ${seq}: ${error.message.replace(/^: /, "")}`);
      }
    },
  };
}

function isPost(message: unknown): boolean {
  return typeof message === "object" && message !== null && "type" in message && message.type === "Post";
}

/** Values that came over a wire; small ones, but for those that are none of ours. */
function isSame(one: unknown, other: unknown): boolean {
  try {
    return JSON.stringify(one) === JSON.stringify(other);
  } catch {
    return false;
  }
}

/** Of something that is no number of ours. */
function describe(value: unknown): string {
  return typeof value === "number" ? String(value) : typeof value;
}

function violation(detail: string): { readonly kind: "violation"; readonly detail: string } {
  return { kind: "violation", detail };
}
