import { describe, expect, it } from "vitest";
import {
  createFrameWriter,
  createSupervisorFrameReader,
  createWorkerFrameReader,
  type FrameWriter,
} from "../../src/link/frames.ts";
import type { Frame, WorkerMessage } from "../../src/link/protocol.ts";

const ready: WorkerMessage = { type: "Ready", worker: "w1", generation: 1 };

/** The next frame, as if it had been sent. */
function written<Message>(writer: FrameWriter<Message>, message: Message): Frame<Message> {
  const frames: Frame<Message>[] = [];
  writer.write(message, (frame) => frames.push(frame) > 0);
  const [frame] = frames;
  if (frame === undefined) throw new Error("no frame");
  return frame;
}

describe("frames", () => {
  it("carry messages in order", () => {
    const writer = createFrameWriter<WorkerMessage>();
    const reader = createWorkerFrameReader();
    expect(reader.read(written(writer, ready))).toEqual({ kind: "message", message: ready });
    expect(reader.read(written(writer, ready))).toEqual({ kind: "message", message: ready });
  });

  it("what could not be encoded, or was not taken, uses up no number", () => {
    const writer = createFrameWriter<WorkerMessage>();
    const reader = createWorkerFrameReader();
    const post: WorkerMessage = { type: "Post", payload: 1n, worker: "w1", generation: 1 };
    expect(() => writer.write(post, (frame) => JSON.stringify(frame).length > 0)).toThrow(/BigInt/);
    expect(writer.write(ready, () => false)).toBe(false);
    expect(reader.read(written(writer, ready))).toEqual({ kind: "message", message: ready });
    expect(writer.write(ready, () => false)).toBe(false);
    expect(reader.read(written(writer, ready))).toEqual({ kind: "message", message: ready });
  });

  it("F52: a repeated frame is dropped, a lost one is a breach", () => {
    const writer = createFrameWriter<WorkerMessage>();
    const reader = createWorkerFrameReader();
    const first = written(writer, ready);
    reader.read(first);
    expect(reader.read(first)).toEqual({ kind: "duplicate" });
    const bye = { ...ready, type: "Bye" };
    expect(reader.read({ ...first, message: bye })).toMatchObject({
      kind: "violation",
      detail: "frame 1 came again, and is another one",
    });
    written(writer, ready);
    expect(reader.read(written(writer, ready))).toMatchObject({
      kind: "violation",
      detail: "frame 3 after 1: one was lost",
    });
  });

  it("another version, an unknown message or an unsigned one is a breach; anything else is the application's", () => {
    const reader = (): ReturnType<typeof createWorkerFrameReader> => createWorkerFrameReader();
    expect(reader().read({ brood: 99, seq: 1, message: ready })).toMatchObject({ kind: "violation" });
    expect(reader().read({ brood: 1, seq: 1, message: { type: "Nonsense" } })).toMatchObject({
      kind: "violation",
    });
    expect(reader().read({ brood: 1, seq: 1, message: { type: "Ready" } })).toMatchObject({
      kind: "violation",
    });
    expect(reader().read({ brood: 1, seq: 1, message: null })).toMatchObject({ kind: "violation" });
    for (const value of ["ready", null, 7, { type: "Ready" }])
      expect(reader().read(value)).toEqual({ kind: "foreign" });
    expect(
      createSupervisorFrameReader().read({ brood: 1, seq: 1, message: { type: "Admit" } }),
    ).toMatchObject({ kind: "message" });
  });
});
