import { describe, expect, it } from "vitest";
import type { Logger } from "../../src/ports/log.ts";
import { createPublicEvents } from "../../src/supervisor/events.ts";
import { formatLine } from "../../src/supervisor/logging.ts";

function recorder(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const log = (message: string): void => void lines.push(message);
  return { logger: { debug: log, info: log, warn: log, error: log }, lines };
}

const spawned = {
  name: "worker:spawned",
  event: { slot: 0, worker: "w1", generation: 1, pid: null },
} as const;

describe("public events", () => {
  it("an error that nobody listens to is logged", () => {
    const { logger, lines } = recorder();
    createPublicEvents(logger).fail(new Error("unheard"));
    expect(lines).toEqual(["unheard"]);
  });

  it("F56: a listener that throws harms neither us nor the caller, and becomes an error event", () => {
    const { logger, lines } = recorder();
    const events = createPublicEvents(logger);
    events.emitter.on("worker:spawned", () => {
      throw new Error("oops");
    });
    const heard: string[] = [];
    events.publish(spawned);
    events.emitter.on("error", (error) => heard.push(error.message));
    events.publish(spawned);
    expect(lines).toEqual(["a listener of worker:spawned threw: oops"]);
    expect(heard).toEqual(["a listener of worker:spawned threw: oops"]);
  });

  it("payloads are frozen", () => {
    const events = createPublicEvents(recorder().logger);
    const seen: object[] = [];
    events.emitter.on("worker:spawned", (event) => seen.push(event));
    events.publish({ ...spawned, event: { ...spawned.event } });
    expect(Object.isFrozen(seen[0])).toBe(true);
  });
});

describe("log lines", () => {
  it("begin with slot, worker, generation and pid, and end with the context", () => {
    expect(
      formatLine("worker:ready", { readyAfterMs: 8, pid: 7, gen: 2, worker: "w3", slot: 1, none: null }),
    ).toBe("slot=1 worker=w3 gen=2 pid=7 worker:ready readyAfterMs=8");
  });

  it("puts slot, worker, gen and pid first, whatever order they came in", () => {
    expect(formatLine("ready", { pid: 9, took: 81, gen: 2, worker: "w5", slot: 0 })).toBe(
      "slot=0 worker=w5 gen=2 pid=9 ready took=81",
    );
  });

  it("leaves out what is unknown and quotes what has spaces", () => {
    expect(formatLine("exited", { pid: null, signal: undefined, reason: 'no "x"', line: "" })).toBe(
      'exited reason="no \\"x\\"" line=""',
    );
  });
});
