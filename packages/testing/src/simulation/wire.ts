// One direction of a link: frames with a latency, in order, through the real frame writer and reader. A message lost,
// doubled or out of order on the way therefore surfaces exactly as it does with real transports: dropped as a duplicate,
// or as a breach of the protocol.

import { createFrameWriter, type Frame, type FrameReader } from "@brood/core/engine";

export type WireFault = "lose" | "duplicate" | "swap";

export interface Wire<Message> {
  send(message: Message): void;
  /** Happens to the next message. */
  fault(kind: WireFault): void;
  /** Makes messages late for so long. */
  slowDown(delayMs: number, untilMs: number): void;
  /** Whatever is on its way is lost. */
  cut(): void;
  /** When the last message on its way arrives. */
  readonly lastArrivalMs: number;
}

export interface WireEnds<Message> {
  now(): number;
  latencyMs(): number;
  /** Takes a frame across, so that it arrives at `atMs`. */
  carry(atMs: number, arrive: () => void): void;
  readonly reader: FrameReader<Message>;
  receive(message: Message): void;
  violated(detail: string): void;
}

export function createWire<Message>(ends: WireEnds<Message>): Wire<Message> {
  const writer = createFrameWriter<Message>();
  let next: WireFault | null = null;
  let held: Frame<Message> | null = null;
  let isCut = false;
  let lastArrivalMs = 0;
  let slow = { delayMs: 0, untilMs: 0 };

  const arrive = (frame: Frame<Message>): void => {
    if (isCut) return;
    const reading = ends.reader.read(frame);
    if (reading.kind === "message") ends.receive(reading.message);
    else if (reading.kind === "violation") ends.violated(reading.detail);
  };
  const carry = (frame: Frame<Message>): void => {
    const delayMs = ends.now() < slow.untilMs ? slow.delayMs : 0;
    lastArrivalMs = Math.max(lastArrivalMs, ends.now() + ends.latencyMs() + delayMs);
    ends.carry(lastArrivalMs, () => arrive(frame));
  };

  const transmit = (frame: Frame<Message>): void => {
    const fault = next;
    next = null;
    if (fault === "lose") return;
    if (fault === "swap") {
      held = frame;
      return;
    }
    carry(frame);
    if (fault === "duplicate") carry(frame);
    if (held !== null) carry(held);
    held = null;
  };

  return {
    send(message) {
      writer.write(message, (frame) => {
        transmit(frame);
        return true;
      });
    },
    fault(kind) {
      next = kind;
    },
    slowDown(delayMs, untilMs) {
      slow = { delayMs, untilMs };
    },
    cut() {
      isCut = true;
    },
    get lastArrivalMs() {
      return lastArrivalMs;
    },
  };
}
