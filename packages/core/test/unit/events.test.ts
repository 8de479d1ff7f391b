import { describe, expect, it } from "vitest";
import { CallbackGuard, guardLogger, yesOrNo } from "../../src/callbacks.ts";
import { PoolError } from "../../src/errors.ts";
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
    events.on("worker:spawned", () => {
      throw new Error("oops");
    });
    const heard: string[] = [];
    events.publish(spawned);
    events.on("error", (error) => heard.push(error.message));
    events.publish(spawned);
    const told =
      "callback listener of worker:spawned threw oops. The event went to the other listeners all the same.";
    expect(lines).toEqual([told]);
    expect(heard).toEqual([told]);
  });

  it("payloads are frozen", () => {
    const events = createPublicEvents(recorder().logger);
    const seen: object[] = [];
    events.on("worker:spawned", (event) => seen.push(event));
    events.publish({ ...spawned, event: { ...spawned.event } });
    expect(Object.isFrozen(seen[0])).toBe(true);
  });
});

/** What a callback may do instead of what it should. */
const FAULTS: Readonly<Record<string, () => unknown>> = {
  "throws null": () => {
    throw null;
  },
  "throws undefined": () => {
    throw undefined;
  },
  "throws what has no text": () => {
    throw Object.create(null);
  },
  "throws a revoked proxy": () => {
    throw revoked();
  },
  rejects: async () => {
    throw new Error("later");
  },
  "rejects with null": () => Promise.reject(null),
  "returns a thenable whose then throws": () => ({
    // biome-ignore lint/suspicious/noThenProperty: this is what it is about
    then() {
      throw new Error("in then");
    },
  }),
  "returns what cannot be asked for its then": () =>
    // biome-ignore lint/suspicious/noThenProperty: this is what it is about
    Object.defineProperty({}, "then", {
      get() {
        throw new Error("do not look");
      },
    }),
  "returns a revoked proxy": revoked,
};

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

async function unhandledOf(action: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  await action();
  // Node tells of them after the microtasks of a turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  return unhandled;
}

describe.each(Object.entries(FAULTS))("G76: a callback that %s", (_, fault) => {
  it("as a listener is one error event, and the others hear all the same", async () => {
    const { logger, lines } = recorder();
    const events = createPublicEvents(logger);
    const heard: string[] = [];
    events.on("worker:spawned", fault as () => void);
    events.on("worker:spawned", () => heard.push("spawned"));
    events.on("error", (error) => heard.push(error instanceof PoolError ? error.code : "another"));
    const unhandled = await unhandledOf(async () => events.publish(spawned));
    expect([heard.sort(), lines, unhandled]).toEqual([["BROOD_CALLBACK_FAILED", "spawned"], [], []]);
  });

  it("as a listener of error is a line of the log", async () => {
    const { logger, lines } = recorder();
    const events = createPublicEvents(logger);
    const heard: string[] = [];
    events.on("error", fault as () => void);
    events.on("error", (error) => heard.push(error.message));
    const unhandled = await unhandledOf(async () => events.fail(new Error("first")));
    expect([heard, lines.length, unhandled]).toEqual([["first"], 1, []]);
    expect(lines[0]).toMatch(/^callback listener of error /);
  });

  it("as a logger is an error event, or a line of the last resort", async () => {
    const last = recorder();
    const broken = { debug: fault, info: fault, warn: fault, error: fault } as unknown as Logger;
    let guard: CallbackGuard | null = null;
    const logger = guardLogger(broken, () => guard);
    const events = createPublicEvents(logger, last.logger);
    guard = events.guard;
    const heard: string[] = [];
    const unhandled = await unhandledOf(async () => {
      logger.info("unheard");
      await new Promise((resolve) => setImmediate(resolve));
      events.on("error", (error) => heard.push(error.message));
      logger.warn("heard");
    });
    expect([last.lines.length, heard.length, unhandled]).toEqual([1, 1, []]);
  });

  it("as one that must answer counts as its fallback, once", async () => {
    const told: PoolError[] = [];
    const guard = new CallbackGuard((error) => told.push(error));
    const expected = { read: yesOrNo, accepted: "true or false", fallback: false, instead: "No, then." };
    const unhandled = await unhandledOf(async () => {
      expect(guard.ask("takeMessage", fault, expected)).toBe(false);
    });
    expect(told.map(({ code, details }) => [code, details["callback"]])).toEqual([
      ["BROOD_CALLBACK_FAILED", "takeMessage"],
    ]);
    expect(unhandled).toEqual([]);
  });
});

describe("the guard for callbacks", () => {
  it("tells of one that fails each time ten times a second, and how often it failed besides", () => {
    const told: string[] = [];
    const guard = new CallbackGuard((error) => told.push(error.message));
    for (let at = 0; at < 1_000; at += 1) guard.tell("balance", () => badly(), "No key.");
    guard.tell("onError", () => badly(), "A plain answer.");
    expect(told).toEqual([
      ...Array(10).fill("callback balance threw badly. No key."),
      "callback onError threw badly. A plain answer.",
    ]);
  });

  it("off takes a listener away that was added, also twice", () => {
    const events = createPublicEvents(recorder().logger);
    let count = 0;
    const listener = (): void => {
      count += 1;
    };
    events.on("worker:spawned", listener);
    events.once("worker:spawned", listener);
    events.publish(spawned);
    events.off("worker:spawned", listener);
    events.publish(spawned);
    expect(count).toBe(2);
  });

  it("refuses a listener that is no function", () => {
    const events = createPublicEvents(recorder().logger);
    expect(() => events.on("error", 5 as never)).toThrow(/option listener: got 5/);
  });
});

function badly(): never {
  throw new Error("badly");
}

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
