// Task workers as processes: for each worker a Tinypool of its own with one child process, which starts the process and loads
// our session in it. It runs one task, `open`; the pool's tasks go over the same IPC channel, in messages of our own. The
// environment is given explicitly (Tinypool's default is an empty one) and `teardown` is not used. On any failure the whole
// instance is thrown away; it may not respawn by itself (minThreads 0), that is the machine's.

import { ChildProcess } from "node:child_process";
import { asError } from "../link/described.ts";
import { detached } from "../link/detached.ts";
import { createFrameWriter } from "../link/frames.ts";
import type { SupervisorMessage } from "../link/protocol.ts";
import { spawnTied } from "../native/index.ts";
import { guardIpc } from "../node/ipc-guard.ts";
import type { SpawnOrder, SpawnStrategy, WorkerHandle, WorkerSink } from "../ports/spawn-strategy.ts";
import type { TaskPlane } from "../ports/task-link.ts";
import { closeForeign } from "./foreign-handle.ts";
import { createTail } from "./output.ts";
import { ProcessTasks } from "./process-tasks.ts";
import { processArguments, sessionOf, type TaskSpawnOptions } from "./task-options.ts";
import { wholeWorkerEnvironment } from "./worker-environment.ts";
import { workerReader } from "./worker-reader.ts";

const RUNNER = new URL("../worker/task-process.js", import.meta.url).href;

/** Tinypool's idle timer must not end a worker that has no task of Tinypool's: the longest there is. */
const IDLE_NEVER_MS = 2 ** 31 - 1;

/** After its exit a child of its own may hold its pipes open; then what it said is as it is. */
const PIPES_GRACE_MS = 200;

export function createTaskProcessStrategy(options: TaskSpawnOptions, plane: TaskPlane): SpawnStrategy {
  return {
    kind: "fresh",
    spawn(order, sink) {
      const worker = new TaskProcess(order, sink, plane);
      detached(worker.start(options), (error) => worker.failed(error));
      return worker;
    },
  };
}

class TaskProcess implements WorkerHandle {
  readonly #order: SpawnOrder;
  readonly #sink: WorkerSink;
  readonly #tasks: ProcessTasks;
  readonly #tail = createTail();
  readonly #writer = createFrameWriter<SupervisorMessage>();
  readonly #readFrame: (value: unknown) => void;
  #child: ChildProcess | null = null;
  #isKilled = false;
  #hasEnded = false;

  constructor(order: SpawnOrder, sink: WorkerSink, plane: TaskPlane) {
    this.#order = order;
    this.#sink = sink;
    this.#readFrame = workerReader(sink, true);
    this.#tasks = new ProcessTasks(order, sink, plane, (message) => this.#post(message));
  }

  async start(options: TaskSpawnOptions): Promise<void> {
    const { Tinypool } = await import("tinypool");
    if (this.#isKilled) return this.failed(new Error("it was killed before it was started"));
    const pool = new Tinypool({
      filename: RUNNER,
      name: "open",
      runtime: "child_process",
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_NEVER_MS,
      serialization: "advanced",
      env: wholeWorkerEnvironment(options.env),
      execArgv: processArguments(options),
    });
    // What goes wrong is seen at the process itself, with its exit code.
    pool.on("error", () => {});
    const session = sessionOf(options, this.#order, "process");
    const { journal } = this.#tasks;
    const inherited = typeof journal === "number" ? [journal] : [];
    const opening = spawnTied(() => pool.run({ session, journal }), inherited);
    opening.catch(() => {});
    const child: unknown = Reflect.get(pool.threads[0] ?? {}, "process");
    if (!(child instanceof ChildProcess)) {
      await opening;
      throw new Error("tinypool started no process");
    }
    this.#watch(child);
    await opening.catch((error: unknown) => this.#couldNotOpen(error));
  }

  send(message: SupervisorMessage): boolean {
    if (this.#hasEnded) return false;
    this.#writer.write(message, (frame) => this.#post(frame));
    this.#tasks.speakFor(message);
    return true;
  }

  examine(): void {
    this.#child?.kill("SIGURG");
  }

  kill(): void {
    this.#isKilled = true;
    this.#tasks.close();
    this.#child?.kill("SIGKILL");
  }

  /** There is no process. */
  failed(error: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#tasks.failed(asError(error));
  }

  #watch(child: ChildProcess): void {
    this.#child = child;
    if (child.stderr) this.#tail.add(child.stderr);
    guardIpc(child, "advanced", (detail) => this.#sink.violated(detail));
    child.on("message", (value, handle) => {
      closeForeign(handle);
      this.#receive(value);
    });
    child.on("error", (error) => {
      if (child.pid === undefined) this.failed(error);
    });
    child.once("exit", (exitCode, signal) => {
      const end = (): void => {
        clearTimeout(patience);
        this.#end(exitCode, signal);
      };
      const patience = setTimeout(end, PIPES_GRACE_MS);
      // Closed are its pipes, the channel among them: everything it sent has been read.
      child.once("close", () => (child.connected ? child.once("disconnect", end) : end()));
    });
    if (child.pid !== undefined) this.#tasks.spawned(child.pid);
  }

  #couldNotOpen(error: unknown): void {
    if (this.#hasEnded || this.#child?.exitCode !== null) return;
    const { message, stack } = asError(error);
    const { worker, generation } = this.#order;
    const told = { code: "BROOD_BOOT_FAILED", message: `failed to boot: ${message}`, stack };
    this.#sink.message({ type: "Failed", worker, generation, error: told });
    this.kill();
  }

  #receive(value: unknown): void {
    if (this.#hasEnded || this.#tasks.received(value)) return;
    this.#readFrame(value);
  }

  /** @throws DataCloneError for what cannot be cloned. A closed channel is no error: the end is on its way. */
  #post(message: unknown): boolean {
    if (this.#child?.connected) this.#child.send(message as object, undefined, undefined, () => {});
    return true;
  }

  #end(exitCode: number | null, signal: NodeJS.Signals | null): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#tasks.ended({ exitCode, signal, stderr: this.#tail.text() });
  }
}
