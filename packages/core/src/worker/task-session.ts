// A task worker's life, the same over every transport: Hello (who I am, what I found on disk) -> load the task file -> wait to
// be admitted -> Ready, heartbeats, tasks -> Drain: give back what has not begun, finish the rest -> Bye. The pools that
// start our threads and processes see one short task of their own, `open`; everything after it is between us.

import { format } from "node:util";
import { asError, cutCircle, wireErrorOf } from "../link/described.ts";
import { detached } from "../link/detached.ts";
import { createFrameWriter, createSupervisorFrameReader, isFrame } from "../link/frames.ts";
import type { BootOrder, SupervisorMessage, WorkerMessage } from "../link/protocol.ts";
import { isTaskMessage, type TaskOrder } from "../link/task-protocol.ts";
import type { Usage } from "../machine/names.ts";
import { foundRelease } from "../release/stamps.ts";
import { type Heartbeat, startHeartbeat } from "./heartbeat.ts";
import { leaveBrokenLink } from "./link.ts";
import { loadTaskModule } from "./task-module.ts";
import { type TaskChannel, TaskRunner } from "./task-runner.ts";
import { drainWhenOrphaned, tieToSupervisor } from "./watchdog.ts";

export interface TaskSession {
  readonly boot: BootOrder;
  readonly tasks: TaskOrder;
}

/** One end of the worker's channel. */
export interface TaskTransport extends TaskChannel {
  readonly runtime: "worker_threads" | "child_process";
  /** Its end tells that the pool's process is gone; undefined: it has none. */
  readonly descriptor?: number;
  sendFrame(frame: unknown): void;
  /** Resolves when everything sent so far has left. */
  flush(): Promise<void>;
  onMessage(listener: (value: unknown) => void): void;
  /** Calls back for each message that came and could not be read. */
  onUnreadable(listener: () => void): void;
  exit(code: number): void;
}

type Unsigned<Message> = Message extends unknown ? Omit<Message, "worker" | "generation"> : never;

/** What its transport may ask of a session. */
export interface OpenTaskSession {
  /** Leaves as after a Drain. */
  leave(): void;
  /** Sends what is held back. */
  flush(): void;
}

export function openTaskSession(session: TaskSession, transport: TaskTransport): OpenTaskSession {
  const worker = new TaskSessionWorker(session, transport);
  transport.onMessage((value) => worker.receive(value));
  transport.onUnreadable(() => worker.unread());
  process.on("uncaughtExceptionMonitor", (error) => worker.confess(error, "threw"));
  detached(worker.boot(), () => transport.exit(1));
  return worker;
}

class TaskSessionWorker implements OpenTaskSession {
  readonly #session: TaskSession;
  readonly #transport: TaskTransport;
  readonly #writer = createFrameWriter<WorkerMessage>();
  readonly #reader = createSupervisorFrameReader();
  readonly #admission: Promise<void>;
  #admit: () => void = () => {};
  #runner: TaskRunner | null = null;
  #heartbeat: Heartbeat | null = null;
  #beatAtDone = Number.POSITIVE_INFINITY;
  #isLeaving = false;

  constructor(session: TaskSession, transport: TaskTransport) {
    this.#session = session;
    this.#transport = transport;
    this.#admission = new Promise((resolve) => {
      this.#admit = resolve;
    });
  }

  async boot(): Promise<void> {
    const { boot, tasks } = this.#session;
    const transport = this.#transport;
    tieToSupervisor(transport, boot);
    try {
      const release = await foundRelease(boot.release, boot.stamps);
      this.#send({ type: "Hello", release, pid: process.pid });
      const module = await loadTaskModule(release.entry);
      await this.#admission;
      const { slot, worker, generation } = boot;
      const info = Object.freeze({ slot, worker, generation, release, runtime: transport.runtime });
      const surroundings = { worker: info, workerData: tasks.workerData };
      this.#runner = new TaskRunner(module, tasks, transport, surroundings);
      this.#heartbeat = startHeartbeat(
        { intervalMs: boot.heartbeatIntervalMs, runtime: boot.runtime, measuresDelay: false },
        () => this.#work(),
        (usage) => this.#send({ type: "Heartbeat", usage }),
      );
      this.#beatAtDone = tasks.beatEachTasks ?? Number.POSITIVE_INFINITY;
      drainWhenOrphaned();
      this.#send({ type: "Ready" });
    } catch (error) {
      process.stderr.write(`${format(error)}\n`);
      this.confess(error, "failed to boot");
      await transport.flush();
      transport.exit(1);
    }
  }

  receive(value: unknown): void {
    if (isTaskMessage(value)) {
      const runner = this.#runner;
      runner?.receive(value);
      if (runner !== null && runner.done >= this.#beatAtDone) this.#beatForTasks(runner.done);
      return;
    }
    if (!isFrame(value)) return;
    const reading = this.#reader.read(value);
    if (reading.kind === "message") this.#obey(reading.message);
    else if (reading.kind === "violation") leaveBrokenLink(reading.detail);
  }

  unread(): void {
    this.#runner?.unread();
  }

  /** Says what went wrong before the end. */
  confess(error: unknown, when: string): void {
    if (process.listenerCount("uncaughtException") > 0 && this.#runner !== null) return;
    if (this.#transport.runtime === "worker_threads") cutCircle(error);
    const { message, stack } = asError(error);
    const code = this.#runner === null ? "BROOD_BOOT_FAILED" : "BROOD_WORKER_EXITED";
    this.#send({ type: "Failed", error: wireErrorOf(code, `${when}: ${message}`, stack) });
  }

  #obey(message: SupervisorMessage): void {
    if (message.type === "Admit") this.#admit();
    else if (message.type === "Report") this.#heartbeat?.beat();
    else if (message.type === "Drain") this.leave();
  }

  leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    detached(this.#depart(), () => this.#transport.exit(1));
  }

  flush(): void {
    this.#runner?.flush();
  }

  async #depart(): Promise<void> {
    this.#send({ type: "Draining" });
    await this.#runner?.drain();
    this.#send({ type: "Bye" });
    await this.#transport.flush();
    this.#transport.exit(0);
  }

  #beatForTasks(done: number): void {
    this.#beatAtDone = done + (this.#session.tasks.beatEachTasks ?? Number.POSITIVE_INFINITY);
    this.#heartbeat?.beat();
  }

  #work(): Pick<Usage, "requests" | "connections" | "tasks"> {
    return { requests: this.#runner?.done ?? 0, connections: 0, tasks: this.#runner?.active ?? 0 };
  }

  #send(message: Unsigned<WorkerMessage>): void {
    const { worker, generation } = this.#session.boot;
    this.#writer.write({ worker, generation, ...message } as WorkerMessage, (frame) => {
      this.#transport.sendFrame(frame);
      return true;
    });
  }
}
