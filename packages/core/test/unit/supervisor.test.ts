// The shell: only the machine can be a defect, whatever its effects do; after one everything settles and the stats say so.
import { describe, expect, it } from "vitest";
import {
  createMachine,
  type Machine,
  type MachineEvent,
  Supervisor,
  type SupervisorPorts,
  Waiters,
  type WorkerHandle,
  type WorkerSink,
} from "../../src/engine.ts";
import type { PoolError } from "../../src/errors.ts";
import { CONFIG, releaseOf } from "./machine/driver.ts";

const badly = (): never => {
  throw null;
};

interface Made {
  readonly supervisor: Supervisor;
  readonly waiters: Waiters;
  readonly told: PoolError[];
  /** Lets timers fire until none is due within `forMs`. */
  pass(forMs: number): void;
}

/** A service whose workers are ready at once and end when they are killed. */
function made(change: Partial<SupervisorPorts> = {}, machine: Machine = createMachine(CONFIG)): Made {
  let nowMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  const told: PoolError[] = [];
  const waiters = new Waiters();
  const ports: SupervisorPorts = {
    clock: {
      now: () => nowMs,
      after(delayMs, callback) {
        const timer = { atMs: nowMs + delayMs, callback };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
    },
    entropy: { next: () => 0.5 },
    strategiesOf: () => ({ strategy: { kind: "fresh", spawn: obedient }, templates: null }),
    resolveRelease: async ({ generation }) => ({ release: releaseOf(generation) }),
    publish: () => {},
    note: () => {},
    fail: (error) => void told.push(error as PoolError),
    ...change,
  };
  const pass = (forMs: number): void => {
    const untilMs = nowMs + forMs;
    for (;;) {
      const next = [...timers].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      timers.delete(next);
      nowMs = Math.max(nowMs, next.atMs);
      next.callback();
    }
    nowMs = untilMs;
  };
  return { supervisor: new Supervisor(machine, ports, waiters), waiters, told, pass };
}

type Order = Parameters<ReturnType<SupervisorPorts["strategiesOf"]>["strategy"]["spawn"]>[0];

function obedient({ worker, generation, release }: Order, sink: WorkerSink): WorkerHandle {
  const signed = { worker, generation };
  sink.spawned(100);
  sink.message({ type: "Hello", ...signed, release, pid: 100 } as never);
  sink.message({ type: "Booted", ...signed } as never);
  return {
    send(message) {
      if (message.type === "Admit") sink.message({ type: "Ready", ...signed } as never);
      if (message.type === "Drain") sink.exited({ exitCode: 0, signal: null, stderr: "" });
      return true;
    },
    kill: () => sink.exited({ exitCode: null, signal: "SIGKILL", stderr: "" }),
  };
}

/** Its `at`-th step throws, and from then on everything does. */
function defective(at: number): Machine {
  const machine = createMachine(CONFIG);
  let steps = 0;
  const guard = <Value>(value: () => Value): Value => {
    if (steps >= at) throw new Error("a defect");
    return value();
  };
  return {
    world: machine.world,
    nextDeadlineAtMs: () => guard(() => machine.nextDeadlineAtMs()),
    snapshot: (atMs) => guard(() => machine.snapshot(atMs)),
    step(event, moment) {
      steps += 1;
      return guard(() => machine.step(event, moment));
    },
  };
}

const START: MachineEvent = { type: "StartRequested", entry: "/srv/r1/app.js" };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const outcomeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "resolved",
    ({ code }) => code,
  );

describe("the supervisor", () => {
  it("a defect in any step settles everything, refuses what comes later, and the stats say failed", async () => {
    for (let at = 1; at <= 14; at += 1) {
      const { supervisor, waiters, told } = made({}, defective(at));
      const started = outcomeOf(waiters.forStart());
      supervisor.accept(START);
      await turn();
      const rolled = outcomeOf(waiters.forRoll("restart-1"));
      supervisor.accept({ type: "RestartRequested", requestId: "restart-1", entry: null });
      await turn();
      const scaled = outcomeOf(waiters.forScale("scale-1"));
      supervisor.accept({ type: "ScaleRequested", requestId: "scale-1", desired: 1 });
      await turn();
      for (let more = 0; more < 14; more += 1) supervisor.accept({ type: "DeadlinesReached", dueAtMs: 0 });
      expect(supervisor.snapshot()).toMatchObject({ state: "failed", ready: 0, workers: [], roll: null });
      const stopped = outcomeOf(waiters.forStop());
      supervisor.accept({ type: "StopRequested", now: false });
      const late = [waiters.forRoll("restart-2"), waiters.forScale("scale-2")].map(outcomeOf);
      const settled = await Promise.all([stopped, ...late]);
      expect(settled).toEqual(["resolved", "BROOD_BUG", "BROOD_BUG"]);
      // What was asked for before it has an outcome too.
      expect(await Promise.all([started, rolled, scaled])).toHaveLength(3);
      expect(told.map(({ code }) => code)).toEqual(["BROOD_BUG"]);
    }
  });

  it("a strategy that never tells of an end holds up no stop after a defect", async () => {
    const deaf = { send: () => true, kill: badly };
    const strategy = { kind: "fresh" as const, spawn: () => deaf };
    const { supervisor, waiters, told, pass } = made(
      { strategiesOf: () => ({ strategy, templates: null }) },
      defective(3),
    );
    const started = outcomeOf(waiters.forStart());
    supervisor.accept(START);
    await turn();
    supervisor.accept({ type: "StopAnnounced" });
    const stopped = outcomeOf(waiters.forStop());
    supervisor.accept({ type: "StopRequested", now: true });
    pass(10_000);
    expect(await Promise.all([started, stopped])).toEqual(["BROOD_BUG", "resolved"]);
    expect(told.map(({ code }) => code)).toEqual(["BROOD_EFFECT_FAILED", "BROOD_EFFECT_FAILED", "BROOD_BUG"]);
  });

  const EFFECTS: Readonly<Record<string, Partial<SupervisorPorts>>> = {
    publish: { publish: badly },
    note: { note: badly },
    slotClosed: { slotClosed: badly },
    "an error event": { publish: badly, fail: badly },
    send: {
      strategiesOf: () => ({
        strategy: {
          kind: "fresh",
          spawn: (order, sink) => {
            const handle = obedient(order, sink);
            const send = (...given: Parameters<WorkerHandle["send"]>): never => {
              handle.send(...given);
              throw undefined;
            };
            return { ...handle, send };
          },
        },
        templates: null,
      }),
    },
  };

  it.each(Object.entries(EFFECTS))("%s that throws stops nothing and nobody", async (_, change) => {
    const { supervisor, waiters, told, pass } = made(change);
    const started = outcomeOf(waiters.forStart());
    supervisor.accept(START);
    await turn();
    pass(5_000);
    const scaled = outcomeOf(waiters.forScale("scale-1"));
    supervisor.accept({ type: "ScaleRequested", requestId: "scale-1", desired: 1 });
    await turn();
    pass(5_000);
    expect(supervisor.snapshot()).toMatchObject({ state: "running", ready: 1 });
    const stopped = outcomeOf(waiters.forStop());
    supervisor.accept({ type: "StopRequested", now: true });
    expect(await Promise.all([started, scaled, stopped])).toEqual(["resolved", "resolved", "resolved"]);
    expect(told.filter(({ code }) => code !== "BROOD_EFFECT_FAILED")).toEqual([]);
  });

  const RESOLVERS: Readonly<Record<string, () => unknown>> = {
    throws: badly,
    "rejects with null": () => Promise.reject(null),
    "gives nothing": () => undefined,
    "gives no promise": () => 5,
    "gives no release": async () => ({ release: {} }),
    "gives what cannot be looked at": async () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      setImmediate(revoke);
      return { release: proxy };
    },
  };

  it.each(Object.entries(RESOLVERS))(
    "a release resolver that %s is a start that fails",
    async (_, resolve) => {
      const { supervisor, waiters, told } = made({ resolveRelease: resolve as never });
      const started = outcomeOf(waiters.forStart());
      supervisor.accept(START);
      expect(await started).toMatch(/^BROOD_(RELEASE_NOT_FOUND|CALLBACK_FAILED)$/);
      expect(told).toEqual([]);
    },
  );

  it.each([badly, () => undefined as never])(
    "a strategy that starts nothing fails the start",
    async (spawn) => {
      const strategy = { kind: "fresh" as const, spawn };
      const { supervisor, waiters, told, pass } = made({
        strategiesOf: () => ({ strategy, templates: null }),
      });
      const started = outcomeOf(waiters.forStart());
      supervisor.accept(START);
      await turn();
      for (let at = 0; at < 20; at += 1) pass(30_000);
      expect(await started).toMatch(/^BROOD_(SPAWN_FAILED|BOOT_TIMEOUT)$/);
      expect(told.filter(({ code }) => code === "BROOD_BUG")).toEqual([]);
    },
  );

  it("a message of a strategy that is none of the protocol is that worker's end", async () => {
    const messages = [null, {}, { type: "Nope" }, { type: "Heartbeat", worker: "w1", generation: 1 }];
    for (const message of messages) {
      const strategy = {
        kind: "fresh" as const,
        spawn(order: Order, sink: WorkerSink) {
          const handle = obedient(order, sink);
          return { ...handle, examine: () => sink.message(message as never) };
        },
      };
      const { supervisor, waiters, told } = made({ strategiesOf: () => ({ strategy, templates: null }) });
      const started = outcomeOf(waiters.forStart());
      supervisor.accept(START);
      await started;
      supervisor.handle("w1")?.examine?.();
      expect(told.filter(({ code }) => code === "BROOD_BUG")).toEqual([]);
    }
  });
});
