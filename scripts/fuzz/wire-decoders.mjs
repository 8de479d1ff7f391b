// The readers themselves, without a process: every message that comes from a worker or a template, over every wire, as it is
// and as chance changes it. A reader takes what is right and refuses the rest; it throws nothing but what it declares.

import { Mismatch } from "../../packages/core/dist/link/decoders.js";
import { createTemplateFrameReader, createWorkerFrameReader } from "../../packages/core/dist/link/frames.js";
import { decodeFromWorker } from "../../packages/http-adapter/dist/handoff/messages.js";
import { readToSupervisor } from "../../packages/http-adapter/dist/sharing/messages.js";
import { changed, FROM_TEMPLATE, FROM_WORKER, forgedFrame, LISTENING, SOCKETS } from "./wire-messages.mjs";

const OF_WORKER = { worker: "w1", generation: 1 };
const OF_TEMPLATE = { template: "t1", generation: 1 };

/** `takes`: whether the reader takes what it is given. @type {{ messages: object[], takes: (sent: any) => boolean, frames?: boolean }[]} */
const READERS = [
  {
    messages: FROM_WORKER.map((message) => ({ ...OF_WORKER, ...message })),
    frames: true,
    takes: (frame) => createWorkerFrameReader().read(frame).kind === "message",
  },
  {
    messages: FROM_TEMPLATE.map((message) => ({ ...OF_TEMPLATE, ...message })),
    frames: true,
    takes: (frame) => createTemplateFrameReader().read(frame).kind === "message",
  },
  {
    messages: SOCKETS,
    takes(message) {
      try {
        return decodeFromWorker(Buffer.from(JSON.stringify(message) ?? "")) !== null;
      } catch (error) {
        if (error instanceof Mismatch) return false;
        throw error;
      }
    },
  },
  { messages: LISTENING, takes: (message) => readToSupervisor(message) !== null },
];

/** @param {import("./wire-messages.mjs").Chance} random @returns {string[]} what did not hold */
export function fuzzDecoders(random, count) {
  const faults = [];
  for (const { messages, frames, takes } of READERS) {
    for (const message of messages) {
      if (!takes(frames ? { brood: 1, seq: 1, message } : message))
        faults.push(`a reader does not take this as it is: ${JSON.stringify(message)}`);
    }
  }
  for (let at = 0; at < count; at += 1) {
    const { messages, frames, takes } = random.pick(READERS);
    const forged = changed(random, random.pick(messages));
    const sent = frames ? forgedFrame(random, forged, 1) : forged;
    try {
      takes(sent);
    } catch (error) {
      faults.push(`a reader threw ${error} at ${JSON.stringify(sent).slice(0, 300)}`);
    }
  }
  return faults;
}
