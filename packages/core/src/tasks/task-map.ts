// `map`: many tasks, their results in order, no more under way than asked for. The source is read beside the results, and only
// while there is room: an endless one is no problem, and one that has nothing to give for hours holds no result back. The first
// failure, of a task, of the source or by the signal, ends everything that is under way at once; the reader gets what lies in
// order before it, then the failure. Whoever stops reading stops the source.
// Written out instead of as an async generator: one that waits for its source cannot be stopped or told of anything.

import { detached, ignored } from "../link/detached.ts";
import { attempt } from "../link/plain-copy.ts";

export interface MapRun {
  /** Runs one; the signal aborts when the map is over. */
  start(task: unknown, signal: AbortSignal): Promise<unknown>;
  /** Null: a task would be taken in now. Else resolves when that may have changed. */
  room(): Promise<void> | null;
  /** What the reader gets when the caller's signal aborts. */
  aborted(reason: unknown): Error;
  readonly concurrency: number;
  readonly signal: AbortSignal | null;
}

type Step = IteratorResult<unknown, void>;

interface Reader {
  readonly resolve: (step: Step) => void;
  readonly reject: (error: unknown) => void;
}

/** A task under way, or its result that nobody has read. */
interface Place {
  isDone: boolean;
  value: unknown;
}

export class TaskMap implements AsyncGenerator<unknown, void, undefined> {
  readonly #run: MapRun;
  readonly #tasks: Iterable<unknown> | AsyncIterable<unknown>;
  readonly #stop = new AbortController();
  readonly #readers: Reader[] = [];
  #places: Place[] = [];
  #source: Iterator<unknown> | AsyncIterator<unknown> | null = null;
  #isReading = false;
  #isAtEnd = false;
  #failure: { readonly error: unknown } | null = null;
  #isOver = false;

  constructor(tasks: Iterable<unknown> | AsyncIterable<unknown>, run: MapRun) {
    this.#tasks = tasks;
    this.#run = run;
  }

  next(): Promise<Step> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      if (this.#source === null && !this.#isOver) this.#open();
      this.#deliver();
    });
  }

  async return(): Promise<Step> {
    await this.#end();
    this.#deliver();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<Step> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #open(): void {
    const { signal } = this.#run;
    try {
      const tasks = this.#tasks;
      this.#source = Symbol.asyncIterator in tasks ? tasks[Symbol.asyncIterator]() : tasks[Symbol.iterator]();
    } catch (error) {
      return this.#fail(error);
    }
    if (signal?.aborted) return this.#fail(this.#run.aborted(signal.reason));
    signal?.addEventListener("abort", this.#onAbort);
    this.#readOn(this.#source);
  }

  readonly #onAbort = (): void => this.#fail(this.#run.aborted(this.#run.signal?.reason));

  #readOn(source: Iterator<unknown> | AsyncIterator<unknown>): void {
    detached(this.#read(source), (error) => this.#fail(error));
  }

  async #read(source: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#takesMore) {
        const given = source.next();
        // In the same turn for what is no promise: tasks that begin together travel together.
        const step = "then" in given ? await given : given;
        if (step.done === true) this.#isAtEnd = true;
        else {
          for (let room = this.#run.room(); room !== null; room = this.#run.room()) await room;
          this.#begin(step.value);
        }
      }
    } catch (error) {
      this.#isAtEnd = true;
      this.#fail(error);
    }
    this.#isReading = false;
    this.#deliver();
  }

  get #takesMore(): boolean {
    const isLive = !this.#isAtEnd && !this.#isOver && this.#failure === null;
    return isLive && this.#places.length < this.#run.concurrency;
  }

  #begin(task: unknown): void {
    if (this.#isOver || this.#failure !== null) return;
    const place: Place = { isDone: false, value: undefined };
    this.#places.push(place);
    const done = this.#run.start(task, this.#stop.signal).then((value) => {
      place.isDone = true;
      place.value = value;
      if (this.#places[0] === place) this.#deliver();
    });
    detached(done, (error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (this.#isOver || this.#failure !== null) return;
    this.#failure = { error };
    this.#letGo();
    detached(this.#closeSource(), ignored);
    this.#deliver();
  }

  /** Gives the readers what is there for them. */
  #deliver(): void {
    for (let reader = this.#readers[0]; reader !== undefined; reader = this.#readers[0]) {
      const [first] = this.#places;
      const hasFailed = this.#failure !== null;
      const isAtEnd = this.#isAtEnd && first === undefined;
      if (!this.#isOver && first?.isDone !== true && !hasFailed && !isAtEnd) return;
      this.#readers.shift();
      if (this.#isOver) reader.resolve({ done: true, value: undefined });
      else if (first?.isDone) {
        this.#places.shift();
        reader.resolve({ done: false, value: first.value });
        if (this.#source !== null) this.#readOn(this.#source);
      } else {
        if (this.#failure !== null) reader.reject(this.#failure.error);
        else reader.resolve({ done: true, value: undefined });
        detached(this.#end(), ignored);
      }
    }
  }

  async #end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#places = [];
    this.#letGo();
    if (this.#failure === null) await this.#closeSource();
  }

  #letGo(): void {
    this.#run.signal?.removeEventListener("abort", this.#onAbort);
    this.#stop.abort();
  }

  /** A source that is asked for its next value answers when it has one: nobody waits for its end then. */
  async #closeSource(): Promise<void> {
    const source = this.#source;
    if (this.#isAtEnd || source === null) return;
    this.#isAtEnd = true;
    const closing = attempt(() => Promise.resolve(source.return?.()).catch(() => {}), undefined);
    if (!this.#isReading) await closing;
  }
}
