// Frames on the wire: wraps outgoing messages, unwraps and checks incoming ones. Pure, the same on both ends and over
// every transport. A frame seen twice is dropped; a missing one is a breach, because every message matters.
// The transports keep order and message borders; the sequence number proves that they did.

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
  read(value: unknown): Reading<Message>;
}

const FROM_WORKER = [
  "Hello",
  "Booted",
  "Ready",
  "Heartbeat",
  "Failed",
  "Signalled",
  "Draining",
  "Lingering",
  "Bye",
  "Post",
] as const;
const FROM_SUPERVISOR = ["Boot", "Admit", "Drain", "Report", "Post"] as const;

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
  return createReader((message) => {
    const isKnown = FROM_WORKER.some((type) => type === message["type"]);
    const isSigned = typeof message["worker"] === "string" && typeof message["generation"] === "number";
    return isKnown && isSigned ? (message as WorkerMessage) : null;
  });
}

/** Reads what the supervisor sends. */
export function createSupervisorFrameReader(): FrameReader<SupervisorMessage> {
  return createReader((message) =>
    FROM_SUPERVISOR.some((type) => type === message["type"]) ? (message as SupervisorMessage) : null,
  );
}

const FROM_TEMPLATE = ["Hello", "Ready", "Heartbeat", "Failed", "Forked", "ForkRefused"] as const;
const TO_TEMPLATE = ["BootTemplate", "Fork", "Reap"] as const;

/** Reads what a template sends. */
export function createTemplateFrameReader(): FrameReader<TemplateMessage> {
  return createReader((message) => {
    const isKnown = FROM_TEMPLATE.some((type) => type === message["type"]);
    const isSigned = typeof message["template"] === "string" && typeof message["generation"] === "number";
    return isKnown && isSigned ? (message as TemplateMessage) : null;
  });
}

/** Reads what the supervisor tells a template. */
export function createTemplateCommandReader(): FrameReader<TemplateCommand> {
  return createReader((message) =>
    TO_TEMPLATE.some((type) => type === message["type"]) ? (message as TemplateCommand) : null,
  );
}

/** True for anything that claims to be a frame of any version. */
export function isFrame(value: unknown): value is Frame<unknown> {
  return typeof value === "object" && value !== null && "brood" in value && "seq" in value;
}

function createReader<Message>(
  decode: (message: Readonly<Record<string, unknown>>) => Message | null,
): FrameReader<Message> {
  let lastSeq = 0;
  return {
    read(value) {
      if (!isFrame(value)) return { kind: "foreign" };
      if (value.brood !== PROTOCOL_VERSION) {
        return violation(`protocol version ${String(value.brood)}, expected ${PROTOCOL_VERSION}`);
      }
      if (value.seq <= lastSeq) return { kind: "duplicate" };
      if (value.seq !== lastSeq + 1) return violation(`frame ${value.seq} after ${lastSeq}: one was lost`);
      lastSeq = value.seq;
      const { message } = value;
      const decoded =
        typeof message === "object" && message !== null ? decode(message as Record<string, unknown>) : null;
      return decoded === null
        ? violation(`frame ${value.seq} has an unknown message`)
        : { kind: "message", message: decoded };
    },
  };
}

function violation(detail: string): { readonly kind: "violation"; readonly detail: string } {
  return { kind: "violation", detail };
}
