// The pool's end of the memory that it shares with a task worker: what has begun there and what is taken back, without
// asking, and results without a message each.

import { ResultReader } from "../link/result-ring.ts";
import { cellValue, exchangeOffer, OFFERED, REVOKED } from "../link/task-cells.ts";
import { RING_AT, TaskMemory } from "../link/task-memory.ts";
import type { Answers, SentTask } from "../ports/task-link.ts";

export class SharedTasks {
  readonly #memory: TaskMemory;
  readonly #results: ResultReader;
  readonly #receive: (answers: Answers) => void;
  readonly #violated: (detail: string) => void;
  #looksAgain = false;

  constructor(
    bytes: ArrayBufferLike,
    receive: (answers: Answers) => void,
    violated: (detail: string) => void,
  ) {
    this.#memory = new TaskMemory(bytes);
    this.#results = new ResultReader(bytes, RING_AT);
    this.#receive = receive;
    this.#violated = violated;
  }

  /** Has the worker mapped it too? If not, it has begun nothing, or cannot map it. */
  get isShared(): boolean {
    return this.#memory.isShared;
  }

  offer({ seq, cell }: SentTask): void {
    this.#memory.noteSent(seq);
    Atomics.store(this.#memory.cells, cell, cellValue(seq, OFFERED));
  }

  revoke({ seq, cell }: SentTask): boolean {
    return exchangeOffer(this.#memory.cells, cell, seq, REVOKED);
  }

  /** Also where its cell holds what nobody writes: then it may have. */
  hasBegun({ seq, cell }: SentTask): boolean {
    return Atomics.load(this.#memory.cells, cell) !== cellValue(seq, OFFERED);
  }

  /** As TaskLink.look. */
  look(again: boolean): void {
    this.#looksAgain = again;
    this.told();
  }

  /** The news came. */
  told(): void {
    this.#results.awake(this.#looksAgain);
    this.read();
  }

  /** What is there now; whatever else the worker says it says after that. */
  read(): void {
    if (!this.#results.hasNews) return;
    this.#receive(this.#results);
    if (this.#results.isCorrupt) this.#violated("the memory that it shares holds what no worker writes");
  }
}
