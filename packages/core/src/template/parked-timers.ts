// What the application would do later in its template belongs into its workers: nothing of it runs in the template once it has
// loaded. So every timer and immediate that was set meanwhile is parked before the first fork, and armed anew in each
// worker, from zero. It stays the same object with the same id and the same context: `clearTimeout`, `refresh`, `unref` and
// AsyncLocalStorage go on as they were.
// A timer is parked by giving it a delay that never ends: `refresh` moves it to where Node keeps timers of that length. To clear
// it was rejected: that forgets its callback, its id, and on Node 20 its context. An immediate cannot wait: it is cleared, and
// takes the place of another one in the worker.
// async_hooks tell of all of them: setTimeout, node:timers, timers/promises, AbortSignal.timeout, a socket's. One goes on in the
// template: Node keeps the text of the Date header for up to a second, and a worker forked hours later must not send it.
// Node's fields are undocumented; parked-timers.test.ts looks on each Node at what is done with them here.

import { type AsyncHook, createHook } from "node:async_hooks";

const { setImmediate, clearImmediate } = globalThis;

/** 1,100 years. Node's limit of 24.8 days is one of `setTimeout`, not of what is behind it. */
const NEVER_MS = 2 ** 45;

/** Of Node's module that keeps the Date header, in a stack. */
const DATE_HEADER = "node:internal/http:";

/** Enough to see who made a Timeout. */
const FRAMES_MAX = 5;

type Timer = NodeJS.Timeout & {
  _idleTimeout: number;
  readonly _repeat: number | null;
  readonly _destroyed: boolean;
};

interface Linked {
  _idleNext: Linked | null;
  _idlePrev: Linked | null;
}
type Immediate = NodeJS.Immediate & Linked & { readonly _destroyed: boolean };

export class ParkedTimers {
  /** Not parked yet. */
  readonly #made: Map<number, WeakRef<object>> = new Map();
  /** With their own delays. */
  readonly #timers: Map<Timer, number> = new Map();
  /** With all their fields. */
  readonly #immediates: Map<Immediate, object> = new Map();
  readonly #hook: AsyncHook = createHook({
    init: (id, type, _, resource) => {
      if (type === "Immediate" || (type === "Timeout" && !isDateHeader(resource as Timer)))
        this.#made.set(id, new WeakRef(resource));
    },
    destroy: (id) => void this.#made.delete(id),
  });

  /** Before the release is loaded. */
  watch(): void {
    this.#hook.enable();
  }

  endWatch(): void {
    this.#hook.disable();
  }

  /** Parks what has been set since the last time. @returns how many that were */
  park(): number {
    const before = this.#timers.size + this.#immediates.size;
    const made = [...this.#made.values()].map((each) => each.deref());
    this.#made.clear();
    for (const each of made) {
      if (each === undefined) continue;
      if ("_onImmediate" in each) this.#parkImmediate(each as Immediate);
      else this.#parkTimer(each as Timer);
    }
    return this.#timers.size + this.#immediates.size - before;
  }

  /** Parks those that repeat: who polls would go on while the rest of the program waits. */
  parkIntervals(): void {
    for (const [id, made] of this.#made) {
      const timer = made.deref() as Timer | undefined;
      if (timer === undefined || "_onImmediate" in timer || timer._repeat === null) continue;
      this.#made.delete(id);
      this.#parkTimer(timer);
    }
  }

  get parked(): number {
    return [...this.#timers.keys()].filter((each) => !each._destroyed).length + this.#immediates.size;
  }

  /** Whether one that fires once, and is not parked, was set for at most so long. */
  hasWithin(limitMs: number): boolean {
    return [...this.#made.values()].some((each) => {
      const timer = each.deref() as Timer | undefined;
      if (timer === undefined || timer._destroyed || "_onImmediate" in timer) return false;
      return timer._repeat === null && timer.hasRef() && timer._idleTimeout <= limitMs;
    });
  }

  /** In a forked worker. */
  resume(): void {
    for (const [timer, delayMs] of this.#timers) {
      if (timer._destroyed) continue;
      timer._idleTimeout = delayMs;
      timer.refresh();
    }
    this.#timers.clear();
    this.#resumeImmediates();
  }

  #parkTimer(timer: Timer): void {
    if (timer._destroyed) return;
    this.#timers.set(timer, timer._idleTimeout);
    timer._idleTimeout = NEVER_MS;
    timer.refresh();
  }

  #parkImmediate(immediate: Immediate): void {
    if (immediate._destroyed) return;
    this.#immediates.set(immediate, Object.assign({}, immediate));
    clearImmediate(immediate);
  }

  /** Each takes the seat of a new one; between two others, so that the queue's own ends need no change. */
  #resumeImmediates(): void {
    if (this.#immediates.size === 0) return;
    setImmediate(nothing);
    const seats = [...this.#immediates].map(([immediate, fields]) => {
      const seat = setImmediate(nothing);
      const was = Object.assign(Object.create(Object.getPrototypeOf(immediate)), fields) as Immediate;
      if (!was.hasRef()) seat.unref();
      return { immediate, fields, seat: seat as Immediate };
    });
    setImmediate(nothing);
    for (const { immediate, fields, seat } of seats) {
      const { _idlePrev, _idleNext } = seat;
      Object.assign(immediate, fields, { _idlePrev, _idleNext });
      if (_idlePrev !== null) _idlePrev._idleNext = immediate;
      if (_idleNext !== null) _idleNext._idlePrev = immediate;
    }
    this.#immediates.clear();
  }
}

function isDateHeader(timer: Timer): boolean {
  if (timer.hasRef()) return false;
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES_MAX;
  Error.captureStackTrace(holder, isDateHeader);
  Error.stackTraceLimit = limit;
  return holder.stack?.includes(DATE_HEADER) === true;
}

function nothing(): void {}
