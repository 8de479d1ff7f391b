// The rule of slot sockets under random histories; their scripts are in `slot-sockets.test.ts`.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WorkerId } from "../../src/handoff/names.ts";
import { type SlotCommand, type SlotEvent, SlotSockets } from "../../src/handoff/slot-sockets.ts";

describe("slot sockets", () => {
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
