// Who serves which reuseport socket: the scripts of E43 and E44, and the rule under random histories.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WorkerId } from "../../src/handoff/names.ts";
import {
  HANDSHAKE_MS,
  type SlotCommand,
  type SlotEvent,
  SlotSockets,
} from "../../src/handoff/slot-sockets.ts";

function play(canSteer = true) {
  const policy = new SlotSockets(canSteer);
  const trace: string[] = [];
  let atMs = 0;
  const step = (event: SlotEvent): readonly SlotCommand[] => {
    const commands = policy.step(event, atMs);
    trace.push(
      [`t=${atMs} ${shown(event)}`, commands.map(shown).join(", ")]
        .filter((text) => text !== "")
        .join(" -> "),
    );
    return commands;
  };
  return {
    policy,
    trace,
    step,
    at(nextMs: number) {
      atMs = nextMs;
    },
    ordered: (slot: number, worker: WorkerId) => step({ type: "WorkerOrdered", slot, worker }),
    ready: (worker: WorkerId) => step({ type: "WorkerReady", worker }),
    draining: (worker: WorkerId) => step({ type: "WorkerDraining", worker }),
    exited: (worker: WorkerId) => step({ type: "WorkerExited", worker }),
    closed: (slot: number) => step({ type: "SlotClosed", slot }),
    released: (slot: number, worker: WorkerId) => step({ type: "SocketReleased", slot, worker }),
    queue: (slot: number, length: number) => step({ type: "QueueSeen", slot, length }),
    /** Two slots, both served. */
    started() {
      this.ordered(0, "w1");
      this.ordered(1, "w2");
      this.ready("w1");
      this.ready("w2");
      trace.length = 0;
      return this;
    },
  };
}

function shown({ type, ...rest }: SlotEvent | SlotCommand): string {
  return [type, ...Object.entries(rest).map(([key, value]) => `${key}=${value}`)].join(" ");
}

describe("slot sockets", () => {
  it("a start: whoever is ready first serves every socket, until the others are ready", () => {
    const scene = play();
    scene.ordered(0, "w1");
    scene.ordered(1, "w2");
    scene.at(90);
    scene.ready("w2");
    scene.at(95);
    scene.ready("w1");
    expect(scene.trace).toEqual([
      "t=0 WorkerOrdered slot=0 worker=w1 -> OpenSocket slot=0",
      "t=0 WorkerOrdered slot=1 worker=w2 -> OpenSocket slot=1",
      "t=90 WorkerReady worker=w2 -> Adopt slot=0 worker=w2, Steer slots=1",
      "t=95 WorkerReady worker=w1 -> Release slot=0 worker=w2, Steer slots=null",
    ]);
  });

  it("E43: a slot's next worker inherits its socket; nothing is opened, moved or closed", () => {
    const scene = play().started();
    scene.ordered(0, "w3");
    scene.ready("w3");
    scene.draining("w1");
    scene.exited("w1");
    expect(scene.trace).toEqual([
      "t=0 WorkerOrdered slot=0 worker=w3",
      "t=0 WorkerReady worker=w3",
      "t=0 WorkerDraining worker=w1",
      "t=0 WorkerExited worker=w1",
    ]);
  });

  it("E43: a worker that dies is stood in for until its replacement is ready", () => {
    const scene = play().started();
    scene.exited("w1");
    scene.ordered(0, "w3");
    scene.ready("w3");
    expect(scene.trace).toEqual([
      "t=0 WorkerExited worker=w1 -> Adopt slot=0 worker=w2, Steer slots=1",
      "t=0 WorkerOrdered slot=0 worker=w3",
      "t=0 WorkerReady worker=w3 -> Release slot=0 worker=w2, Steer slots=null",
    ]);
  });

  it("E43: who stands in and leaves is stood in for", () => {
    const scene = play();
    for (const [slot, worker] of ["w1", "w2", "w3"].entries()) scene.ordered(slot, worker as WorkerId);
    for (const worker of ["w1", "w2", "w3"] as const) scene.ready(worker);
    scene.exited("w1");
    scene.trace.length = 0;
    scene.draining("w2");
    expect(scene.trace).toEqual([
      "t=0 WorkerDraining worker=w2 -> Adopt slot=0 worker=w3, Adopt slot=1 worker=w3, Steer slots=2",
    ]);
  });

  it("E44: a shrink steers away, empties, waits for handshakes under way, and only then closes", () => {
    const scene = play().started();
    scene.draining("w2");
    scene.closed(1);
    scene.exited("w2");
    scene.at(HANDSHAKE_MS);
    expect(scene.policy.nextDeadlineAtMs()).toBe(HANDSHAKE_MS);
    scene.step({ type: "TimePassed" });
    scene.queue(1, 2);
    scene.at(HANDSHAKE_MS + 100);
    scene.step({ type: "TimePassed" });
    scene.queue(1, 0);
    scene.released(1, "w1");
    scene.queue(1, 0);
    expect(scene.trace).toEqual([
      "t=0 WorkerDraining worker=w2 -> Adopt slot=1 worker=w1, Steer slots=0",
      "t=0 SlotClosed slot=1",
      "t=0 WorkerExited worker=w2",
      "t=3000 TimePassed -> LookAtQueue slot=1",
      "t=3000 QueueSeen slot=1 length=2",
      "t=3100 TimePassed -> LookAtQueue slot=1",
      "t=3100 QueueSeen slot=1 length=0 -> Release slot=1 worker=w1",
      "t=3100 SocketReleased slot=1 worker=w1 -> LookAtQueue slot=1",
      "t=3100 QueueSeen slot=1 length=0 -> CloseSocket slot=1, Steer slots=null",
    ]);
    expect(scene.policy.nextDeadlineAtMs()).toBeNull();
  });

  it("E44: what comes after all keeps the socket open, and it is adopted again", () => {
    const scene = play().started();
    scene.draining("w2");
    scene.closed(1);
    scene.at(HANDSHAKE_MS);
    scene.step({ type: "TimePassed" });
    scene.queue(1, 0);
    scene.trace.length = 0;
    scene.released(1, "w1");
    scene.queue(1, 1);
    expect(scene.trace).toEqual([
      "t=3000 SocketReleased slot=1 worker=w1 -> LookAtQueue slot=1",
      "t=3000 QueueSeen slot=1 length=1 -> Adopt slot=1 worker=w1",
    ]);
  });

  it("E44: steering that was wrong for a moment: whoever is to be closed is served and waits once more", () => {
    const scene = play().started();
    scene.draining("w2");
    scene.closed(1);
    scene.at(HANDSHAKE_MS);
    scene.step({ type: "TimePassed" });
    scene.queue(1, 0);
    scene.trace.length = 0;
    scene.step({ type: "SteeringLeaked" });
    expect(scene.trace).toEqual(["t=3000 SteeringLeaked -> Adopt slot=1 worker=w1"]);
    expect(scene.policy.nextDeadlineAtMs()).toBe(2 * HANDSHAKE_MS);
  });

  it("E44: a slot that is opened again keeps its socket", () => {
    const scene = play().started();
    scene.draining("w2");
    scene.closed(1);
    scene.exited("w2");
    scene.trace.length = 0;
    scene.ordered(1, "w3");
    scene.ready("w3");
    expect(scene.trace).toEqual([
      "t=0 WorkerOrdered slot=1 worker=w3",
      "t=0 WorkerReady worker=w3 -> Release slot=1 worker=w1, Steer slots=null",
    ]);
    expect(scene.policy.nextDeadlineAtMs()).toBeNull();
  });

  it("E44: a kernel that cannot be steered: the socket stays, and so does whoever serves it", () => {
    const scene = play(false).started();
    scene.draining("w2");
    scene.closed(1);
    scene.exited("w2");
    scene.at(10 * HANDSHAKE_MS);
    scene.step({ type: "TimePassed" });
    expect(scene.policy.nextDeadlineAtMs()).toBeNull();
    expect(scene.trace.filter((line) => line.includes("->"))).toEqual([
      "t=0 WorkerDraining worker=w2 -> Adopt slot=1 worker=w1",
    ]);
  });

  it("a stop moves nothing any more", () => {
    const scene = play().started();
    scene.step({ type: "StopRequested" });
    scene.draining("w1");
    scene.exited("w1");
    scene.exited("w2");
    expect(scene.trace.filter((line) => line.includes("->"))).toEqual([]);
  });

  it("in any history each open socket has a ready server while anybody is ready, and none with a queue is closed", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(7), fc.nat(9), fc.nat(2_000)), { maxLength: 120 }), (choices) => {
        const history = new RandomHistory();
        for (const [kind, which, pauseMs] of choices) history.act(kind, which, pauseMs);
        history.settle();
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});

/** Random events of a service that follows its own rules, and a kernel that queues where it is steered. */
class RandomHistory {
  readonly #policy = new SlotSockets(true);
  readonly #workers = new Map<WorkerId, { slot: number; state: "booting" | "ready" | "draining" }>();
  readonly #queues = new Map<number, number>();
  readonly #released: SlotEvent[] = [];
  #steered: readonly number[] | null = null;
  #atMs = 0;
  #next = 1;

  act(kind: number, which: number, pauseMs: number): void {
    this.#atMs += pauseMs;
    const workers = [...this.#workers];
    const [id, worker] = workers[which % Math.max(1, workers.length)] ?? [];
    if (kind === 0) this.#order(which % 4);
    else if (kind === 1 && worker?.state === "booting" && id) this.#enter(id, "ready");
    else if (kind === 2 && worker?.state === "ready" && id) this.#enter(id, "draining");
    else if (kind === 3 && id) {
      this.#workers.delete(id);
      this.#step({ type: "WorkerExited", worker: id });
    } else if (kind === 4) this.#closeSlot(which % 4);
    else if (kind === 5) this.#connect(which);
    else if (kind === 6) this.#answer();
    else if (this.#isDue()) this.#step({ type: "TimePassed" });
  }

  /** Everything that is on its way arrives, time goes on: surplus sockets must go. */
  settle(): void {
    this.#order(0);
    for (const [id, { state }] of this.#workers) if (state === "booting") this.#enter(id, "ready");
    for (let round = 0; round < 50; round += 1) {
      for (const slot of this.#queues.keys()) this.#queues.set(slot, 0);
      while (this.#released.length > 0) this.#answer();
      this.#atMs = this.#policy.nextDeadlineAtMs() ?? this.#atMs;
      this.#step({ type: "TimePassed" });
    }
    expect(this.#policy.nextDeadlineAtMs()).toBeNull();
  }

  #order(slot: number): void {
    const id: WorkerId = `w${this.#next++}`;
    this.#workers.set(id, { slot, state: "booting" });
    this.#step({ type: "WorkerOrdered", slot, worker: id });
  }

  #enter(id: WorkerId, state: "ready" | "draining"): void {
    const worker = this.#workers.get(id);
    if (worker !== undefined) worker.state = state;
    this.#step({ type: state === "ready" ? "WorkerReady" : "WorkerDraining", worker: id });
  }

  #closeSlot(slot: number): void {
    for (const [id, worker] of this.#workers) {
      if (worker.slot !== slot) continue;
      if (worker.state === "ready") this.#enter(id, "draining");
      else if (worker.state === "booting") {
        this.#workers.delete(id);
        this.#step({ type: "WorkerExited", worker: id });
      }
    }
    this.#step({ type: "SlotClosed", slot });
  }

  #connect(which: number): void {
    const open = [...this.#queues.keys()].filter((slot) => this.#steered?.includes(slot) ?? true);
    const slot = open[which % Math.max(1, open.length)];
    if (slot !== undefined) this.#queues.set(slot, (this.#queues.get(slot) ?? 0) + 1);
  }

  #answer(): void {
    const event = this.#released.shift();
    if (event !== undefined) this.#step(event);
  }

  #isDue(): boolean {
    const dueAtMs = this.#policy.nextDeadlineAtMs();
    return dueAtMs !== null && dueAtMs <= this.#atMs;
  }

  #step(event: SlotEvent): void {
    for (const command of this.#policy.step(event, this.#atMs)) this.#perform(command);
    this.#check();
  }

  #perform(command: SlotCommand): void {
    if (command.type === "OpenSocket") this.#queues.set(command.slot, 0);
    else if (command.type === "Steer") this.#steered = command.slots;
    else if (command.type === "Adopt") this.#queues.set(command.slot, 0);
    else if (command.type === "Release" && this.#workers.has(command.worker))
      this.#released.push({ type: "SocketReleased", slot: command.slot, worker: command.worker });
    else if (command.type === "LookAtQueue") {
      const length = this.#queues.get(command.slot) ?? 0;
      this.#released.push({ type: "QueueSeen", slot: command.slot, length });
    } else if (command.type === "CloseSocket") {
      expect(this.#queues.get(command.slot)).toBe(0);
      this.#queues.delete(command.slot);
    }
  }

  #check(): void {
    const isReady = (id: WorkerId): boolean => this.#workers.get(id)?.state === "ready";
    if (![...this.#workers.keys()].some(isReady)) return;
    const servers = this.#policy.servers();
    expect([...servers.keys()].sort()).toEqual([...this.#queues.keys()].sort());
    for (const [slot, ids] of servers) {
      const isParting = this.#policy.isParting(slot);
      expect(isParting || ids.some(isReady), `slot ${slot} has no ready server`).toBe(true);
    }
  }
}
