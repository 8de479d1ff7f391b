import { describe, expect, it } from "vitest";
import {
  createFrameWriter,
  createSupervisorFrameReader,
  createWorkerFrameReader,
} from "../../src/link/frames.ts";
import type { WorkerMessage } from "../../src/link/protocol.ts";

const ready: WorkerMessage = { type: "Ready", worker: "w1", generation: 1 };

describe("frames", () => {
  it("carry messages in order", () => {
    const writer = createFrameWriter<WorkerMessage>();
    const reader = createWorkerFrameReader();
    expect(reader.read(writer.wrap(ready))).toEqual({ kind: "message", message: ready });
    expect(reader.read(writer.wrap(ready))).toEqual({ kind: "message", message: ready });
  });

  it("F52: a repeated frame is dropped, a lost one is a breach", () => {
    const writer = createFrameWriter<WorkerMessage>();
    const reader = createWorkerFrameReader();
    const first = writer.wrap(ready);
    reader.read(first);
    expect(reader.read(first)).toEqual({ kind: "duplicate" });
    writer.wrap(ready);
    expect(reader.read(writer.wrap(ready))).toMatchObject({
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
