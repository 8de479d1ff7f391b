// The contracts over what they were made for, and over things that break them: a contract that cannot fail says nothing.

import {
  createFreshProcessStrategy,
  createFreshThreadStrategy,
  createTemplateStrategy,
  nativeSupport,
  type SpawnStrategy,
  type WorkerHandle,
} from "@brood/core/engine";
import {
  type CreateStrategy,
  type LinkEnd,
  type LinkUnderTest,
  linkContract,
  spawnStrategyContract,
  templateAsStrategy,
} from "@brood/testing";
import { describe, expect, it } from "vitest";
import { broken, type Claims, collectClaims } from "../support/collected-claims.ts";
import { messageChannelLink } from "../support/message-channel-link.ts";
import { simulatedStrategy } from "../support/simulated-strategy.ts";

describe("fresh processes", () => {
  spawnStrategyContract({
    describe,
    it,
    create: (setup) => ({ strategy: createFreshProcessStrategy(setup) }),
    module: new URL("../fixtures/fresh-strategy.mjs", import.meta.url),
  });
});

describe("processes forked from a template", () => {
  const support = nativeSupport();
  if (!support.ok) throw new Error(support.reason);
  const { binding } = support;
  spawnStrategyContract({
    describe,
    it,
    create: (setup) =>
      templateAsStrategy(createTemplateStrategy({ ...setup, unsafe: "refuse", hold: true }, binding)),
    module: new URL("../fixtures/template-strategy.mjs", import.meta.url),
  });
});

describe("fresh threads", () => {
  spawnStrategyContract({
    describe,
    it,
    create: (setup) => ({ strategy: createFreshThreadStrategy({ ...setup, resourceLimits: {} }) }),
    runtime: "thread",
    module: new URL("../fixtures/thread-strategy.mjs", import.meta.url),
  });
});

describe("the simulation", () => {
  spawnStrategyContract({ describe, it, create: simulatedStrategy, code: "simulated" });
});

describe("a message channel", () => {
  linkContract({ describe, it, create: messageChannelLink });
});

type Spawn = SpawnStrategy["spawn"];

/** The simulated strategy with a defect in its `spawn`. */
const claimsOver = (defect: (spawn: Spawn) => Spawn): Claims => {
  const create: CreateStrategy = () => {
    const under = simulatedStrategy();
    const spawn = defect((order, sink) => under.strategy.spawn(order, sink));
    return { ...under, strategy: { kind: "fresh", spawn } };
  };
  return collectClaims((runner) => spawnStrategyContract({ ...runner, create, code: "simulated" }));
};

describe("the contract of spawn strategies notices", () => {
  it("nothing where nothing is wrong", async () => {
    const claims = claimsOver((spawn) => spawn);
    expect(claims.size).toBeGreaterThanOrEqual(9);
    expect(await broken(claims)).toEqual([]);
  });

  it.each<[string, (spawn: Spawn) => Spawn, number]>([
    [
      "an end that is told twice",
      (spawn) => (order, sink) =>
        spawn(order, {
          ...sink,
          exited(end) {
            sink.exited(end);
            sink.exited(end);
          },
        }),
      4,
    ],
    [
      "a message to nobody that counts as sent",
      (spawn) => (order, sink) => {
        const handle: WorkerHandle = spawn(order, sink);
        return { kill: () => handle.kill(), send: (message) => handle.send(message) || true };
      },
      1,
    ],
    [
      "a worker of another generation",
      (spawn) => (order, sink) => spawn({ ...order, generation: order.generation + 1 }, sink),
      3,
    ],
    ["another worker than ordered", (spawn) => (order, sink) => spawn({ ...order, worker: "w99" }, sink), 3],
    [
      "a process that is told of after its first message",
      (spawn) => (order, sink) => {
        let tell: (() => void) | null = null;
        return spawn(order, {
          ...sink,
          spawned(pid) {
            tell = () => sink.spawned(pid);
          },
          message(message) {
            sink.message(message);
            tell?.();
            tell = null;
          },
        });
      },
      1,
    ],
    [
      "a reason that is lost",
      (spawn) => (order, sink) =>
        spawn(order, { ...sink, message: (message) => message.type !== "Failed" && sink.message(message) }),
      1,
    ],
    [
      "an exit code that is lost",
      (spawn) => (order, sink) =>
        spawn(order, { ...sink, exited: (end) => sink.exited({ ...end, exitCode: null }) }),
      2,
    ],
    [
      "messages that come after the end",
      (spawn) => (order, sink) =>
        spawn(order, {
          ...sink,
          message(message) {
            if (message.type === "Bye") setImmediate(() => setImmediate(() => sink.message(message)));
            else sink.message(message);
          },
        }),
      1,
    ],
  ])("%s", async (_, defect, atLeast) => {
    expect((await broken(claimsOver(defect))).length).toBeGreaterThanOrEqual(atLeast);
  });
});

/** A message channel whose worker's end has a defect in `send`. */
const linkClaims = (defect: (send: LinkEnd["send"], end: LinkEnd) => LinkEnd["send"]): Claims => {
  const create = (): LinkUnderTest => {
    const { supervisor, worker } = messageChannelLink();
    return { supervisor, worker: { ...worker, send: defect(worker.send, worker) } };
  };
  return collectClaims((runner) => linkContract({ ...runner, create }));
};

describe("the contract of links notices", () => {
  it("nothing where nothing is wrong", async () => {
    expect(await broken(linkClaims((send) => send))).toEqual([]);
  });

  it.each<[string, (send: LinkEnd["send"], end: LinkEnd) => LinkEnd["send"]]>([
    [
      "a value that arrives twice",
      (send) => (value) => {
        send(value);
        return send(value);
      },
    ],
    [
      "values in another order",
      (send) => {
        let held: unknown;
        return (value) => {
          if (held === undefined) held = value;
          else {
            send(value);
            send(held);
            held = undefined;
          }
          return true;
        };
      },
    ],
    [
      "a value that is lost",
      (send) => {
        let turn = 0;
        return (value) => {
          turn += 1;
          return turn === 3 || send(value);
        };
      },
    ],
    [
      "values that are not whole",
      (send) => (value) => send(JSON.parse(JSON.stringify(value).replaceAll("x".repeat(1_000), "x"))),
    ],
    ["a closed end that pretends to send", (send) => (value) => send(value) || true],
  ])("%s", async (_, defect) => {
    const names = await broken(linkClaims(defect));
    expect(names).not.toEqual([]);
  });
});
