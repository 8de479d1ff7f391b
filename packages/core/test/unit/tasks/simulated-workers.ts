// Task workers in virtual time: they boot, beat, run tasks one after the other, die at random, drain when told. They keep results
// for the pool's next look as threads do. What they ran is noted, so that a test can count.

import type { SupervisorMessage, WorkerMessage } from "../../../src/link/protocol.ts";
import { ABORT, DONE, eachAnswer, RETURNED, type TaskMessage } from "../../../src/link/task-protocol.ts";
import { NO_USAGE } from "../../../src/machine/names.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type {
  SpawnOrder,
  SpawnStrategy,
  WorkerHandle,
  WorkerSink,
} from "../../../src/ports/spawn-strategy.ts";
import type { TaskPlane } from "../../../src/ports/task-link.ts";
import { AT_HAND } from "../../../src/worker/task-memory.ts";
import { WaitingTasks } from "../../../src/worker/waiting-tasks.ts";

export class VirtualTime implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #timers: { atMs: number; order: number; callback: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#timers[middle];
      if (
        other !== undefined &&
        (other.atMs > timer.atMs || (other.atMs === timer.atMs && other.order > timer.order))
      )
        low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at !== -1) this.#timers.splice(at, 1);
    };
  }

  /** Runs timers until `untilMs`; promises settle in between. */
  async run(untilMs: number): Promise<void> {
    for (
      let next = this.#timers.at(-1);
      next !== undefined && next.atMs <= untilMs;
      next = this.#timers.at(-1)
    ) {
      this.#timers.pop();
      this.#nowMs = next.atMs;
      next.callback();
      for (let turn = 0; turn < 8; turn += 1) await null;
    }
    this.#nowMs = untilMs;
  }
}

export interface Fate {
  /** In [0, 1). */
  draw(): number;
  readonly bootFailures: number;
  readonly deathsPerTask: number;
}

/** What a task says about its run. */
export interface SimulatedTask {
  readonly id: number;
  readonly ms: number;
}

export class SimulatedFleet {
  readonly runs: Map<number, number> = new Map();
  readonly #time: VirtualTime;
  readonly #fate: Fate;

  constructor(time: VirtualTime, fate: Fate) {
    this.#time = time;
    this.#fate = fate;
  }

  strategy(plane: TaskPlane): SpawnStrategy {
    return {
      kind: "fresh",
      spawn: (order, sink) => new SimulatedWorker(this.#time, this.#fate, this.runs, order, sink, plane),
    };
  }
}

type Unsigned<Message> = Message extends unknown ? Omit<Message, "worker" | "generation"> : never;

class SimulatedWorker implements WorkerHandle {
  readonly #begun: Set<number> = new Set();
  readonly #revoked: Set<number> = new Set();
  readonly #waiting: { seq: number; task: SimulatedTask }[] = [];
  /** Results that are there and were not told. */
  #untold: unknown[] = [];
  #isLookedAt = false;
  #isRunning = false;
  #isDraining = false;
  #hasEnded = false;

  readonly time: VirtualTime;
  readonly fate: Fate;
  readonly runs: Map<number, number>;
  readonly order: SpawnOrder;
  readonly sink: WorkerSink;
  readonly plane: TaskPlane;

  constructor(
    time: VirtualTime,
    fate: Fate,
    runs: Map<number, number>,
    order: SpawnOrder,
    sink: WorkerSink,
    plane: TaskPlane,
  ) {
    [this.time, this.fate, this.runs] = [time, fate, runs];
    [this.order, this.sink, this.plane] = [order, sink, plane];
    plane.linked(order, {
      threadId: null,
      canRevoke: true,
      send: (message) => {
        this.#receive(structuredClone(message));
        return true;
      },
      offer: () => {},
      look: (again) => {
        this.#isLookedAt = again;
        this.#tell();
      },
      revoke: ({ seq }) => {
        if (!this.#begun.has(seq)) this.#revoked.add(seq);
        return this.#revoked.has(seq);
      },
      hasBegun: ({ seq }) => this.#begun.has(seq),
    });
    this.#later(20 + fate.draw() * 400, () => {
      sink.spawned(1);
      if (fate.draw() < fate.bootFailures) return this.#end(1);
      this.#say({ type: "Hello", release: order.release, pid: 1 });
    });
  }

  send(message: SupervisorMessage): boolean {
    if (this.#hasEnded) return false;
    if (message.type === "Admit") this.#later(1, () => this.#becomeReady());
    if (message.type === "Drain") this.#later(1, () => this.#drain());
    if (message.type === "Report" && this.plane.isBusy(this.order.worker)) this.#say({ type: "Busy" });
    return true;
  }

  kill(): void {
    this.plane.close(this.order.worker);
    this.#later(2, () => this.#end(null));
  }

  #becomeReady(): void {
    this.#say({ type: "Ready" });
    const beat = (): void => {
      if (!this.#isRunning) this.#say({ type: "Heartbeat", usage: NO_USAGE });
      this.#later(5_000, beat);
    };
    beat();
  }

  #receive(message: TaskMessage): void {
    if (message[0] === ABORT) return;
    const tasks = new WaitingTasks();
    tasks.push(message);
    while (tasks.next()) this.#waiting.push({ seq: tasks.seq, task: tasks.value as SimulatedTask });
    this.#later(0.05, () => this.#next());
  }

  #next(): void {
    if (this.#isRunning) return;
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#tell();
      return this.#isDraining ? this.#part() : undefined;
    }
    const { seq, task } = next;
    if (this.#revoked.has(seq)) return this.#next();
    this.#begun.add(seq);
    this.#isRunning = true;
    this.runs.set(task.id, (this.runs.get(task.id) ?? 0) + 1);
    const dies = this.fate.draw() < this.fate.deathsPerTask;
    this.#later(task.ms * (dies ? this.fate.draw() : 1), () => {
      if (dies) return this.#end(1);
      this.#isRunning = false;
      this.#untold.push(seq, DONE, { id: task.id, generation: this.order.generation }, task.ms * 1_000);
      if (!this.#isLookedAt || this.#waiting.length < AT_HAND) this.#tell();
      this.#next();
    });
  }

  #drain(): void {
    this.#say({ type: "Draining" });
    this.#isDraining = true;
    const back = this.#waiting.splice(0).flatMap(({ seq }) => [seq, RETURNED, null, 0]);
    if (back.length > 0) this.#answer(back);
    if (!this.#isRunning) this.#part();
  }

  #tell(): void {
    if (this.#untold.length > 0) this.#answer(this.#untold.splice(0));
  }

  #answer(message: TaskMessage): void {
    this.#tell();
    this.plane.received(this.order.worker, { each: (take) => eachAnswer(message, take) });
  }

  #part(): void {
    this.#say({ type: "Bye" });
    this.#later(1, () => this.#end(0));
  }

  #end(exitCode: number | null): void {
    if (this.#hasEnded) return;
    this.#tell();
    this.#hasEnded = true;
    this.plane.ended(this.order.worker, { isOutOfMemory: false });
    this.sink.exited({ exitCode, signal: exitCode === null ? "SIGKILL" : null, stderr: "" });
  }

  #say(message: Unsigned<WorkerMessage>): void {
    if (this.#hasEnded) return;
    this.sink.message({
      worker: this.order.worker,
      generation: this.order.generation,
      ...message,
    } as WorkerMessage);
  }

  #later(delayMs: number, act: () => void): void {
    this.time.after(delayMs, () => {
      if (!this.#hasEnded) act();
    });
  }
}
