// What every task process has at the pool's end, however it was started: the link of the data plane with the journal
// beside it (on Linux with the addon memory that both share, as threads do), and a voice for a worker that is asked and
// cannot answer: deep in a task (legal, however long), or stopped in it.

import { decodeValue, encodeValue, isCarriedAsIs } from "../link/carried.ts";
import type { SupervisorMessage } from "../link/protocol.ts";
import { RESULTS_READY } from "../link/result-ring.ts";
import {
  eachAnswer,
  faultOfAnswers,
  isPosted,
  isTaskMessage,
  opened,
  type Posted,
  RUN,
  RUN_ONE,
  type TaskMessage,
  VALUE_ENCODED,
} from "../link/task-protocol.ts";
import type { SpawnOrder, WorkerEnd, WorkerSink } from "../ports/spawn-strategy.ts";
import type { SentTask, TaskLink, TaskPlane } from "../ports/task-link.ts";
import { isStopped } from "./process-state.ts";
import { SharedTasks } from "./shared-tasks.ts";
import { openTaskJournal } from "./task-journal.ts";

export class ProcessTasks {
  readonly #order: SpawnOrder;
  readonly #sink: WorkerSink;
  readonly #plane: TaskPlane;
  readonly #journal = openTaskJournal();
  readonly #shared: SharedTasks | null;
  #pid: number | null = null;

  /** @param post as TaskLink.send */
  constructor(order: SpawnOrder, sink: WorkerSink, plane: TaskPlane, post: TaskLink["send"]) {
    this.#order = order;
    this.#sink = sink;
    this.#plane = plane;
    const { memory } = this.#journal;
    const shared =
      memory === null
        ? null
        : new SharedTasks(
            memory,
            (answers) => plane.received(order.worker, answers),
            (detail) => sink.violated(detail),
          );
    this.#shared = shared;
    plane.linked(order, {
      threadId: null,
      get canRevoke() {
        return shared?.isShared === true;
      },
      send: (message, transfer) => post(encoded(message), transfer),
      offer: (task) => shared?.offer(task),
      revoke: (task) => shared?.isShared === true && shared.revoke(task),
      look: (again) => shared?.look(again),
      hasBegun: (task) => this.#hasBegun(task),
    });
  }

  #hasBegun(task: SentTask): boolean | null {
    if (this.#shared?.isShared) return this.#shared.hasBegun(task);
    const begun = this.#journal.begun();
    return begun === null ? null : task.seq <= begun;
  }

  /** As TaskJournal.place. */
  get journal(): number | string | null {
    return this.#journal.place;
  }

  spawned(pid: number): void {
    this.#pid = pid;
    this.#sink.spawned(pid);
  }

  /** What the worker would have to say to `message` and perhaps cannot. */
  speakFor(message: SupervisorMessage): void {
    const { worker, generation } = this.#order;
    if (message.type !== "Report" || !this.#plane.isBusy(worker)) return;
    const type = this.#pid !== null && isStopped(this.#pid) ? "Suspended" : "Busy";
    this.#sink.message({ type, worker, generation });
  }

  /** False: it is no message of the data plane. */
  received(value: unknown): boolean {
    if (isPosted(value)) {
      this.#posted(value);
      return true;
    }
    if (value === RESULTS_READY) {
      this.#shared?.told();
      return true;
    }
    // In the order in which the worker spoke: what it answered before it said this.
    this.#shared?.read();
    if (!isTaskMessage(value)) return false;
    const answers = opened(value);
    const fault = answers === null ? null : faultOfAnswers(answers);
    if (answers === null) this.#plane.unread(this.#order.worker);
    else if (fault !== null) this.#sink.violated(fault);
    else this.#plane.received(this.#order.worker, { each: (take) => eachAnswer(answers, take) });
    return true;
  }

  /** What a task sent by itself. */
  #posted({ posted }: Posted): void {
    let message: unknown;
    try {
      message = decodeValue(posted);
    } catch (error) {
      return this.#plane.unreadable(this.#order.worker, error);
    }
    this.#plane.posted(this.#order.worker, message);
  }

  /** It is about to be killed. */
  close(): void {
    this.#plane.close(this.#order.worker);
  }

  /** It could not be started, and somebody else says so. */
  dropped(): void {
    this.#journal.close();
  }

  /** It could not be started. */
  failed(error: Error): void {
    this.dropped();
    this.#sink.failed(error);
  }

  /** Everything that it sent has been received. */
  ended(end: WorkerEnd): void {
    this.#shared?.read();
    this.#journal.close();
    this.#plane.ended(this.#order.worker, { isOutOfMemory: /heap out of memory/i.test(end.stderr) });
    this.#sink.exited(end);
  }
}

/** Values that not every link carries as they are become bytes. @throws what cannot be cloned; the message is whole then */
function encoded(message: TaskMessage): TaskMessage {
  const [kind, seq, names, value, flags] = message;
  if (kind === RUN_ONE) {
    if (isCarriedAsIs(value)) return message;
    return [kind, seq, names, encodeValue(value), (flags as number) | VALUE_ENCODED];
  }
  if (kind !== RUN) return message;
  const values = value as readonly unknown[];
  return values.every(isCarriedAsIs) ? message : [kind, seq, names, encodeValue(values), flags];
}
