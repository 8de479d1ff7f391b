// Public events, typed, on eventemitter3. Payloads are frozen. What eventemitter3 leaves to its user: an `error` that nobody
// listens to is logged instead of vanishing, and each listener is called under the guard for callbacks, so that one that throws or
// rejects harms neither us nor the listeners behind it.

import { EventEmitter } from "eventemitter3";
import { CallbackGuard, LOGGER } from "../callbacks.ts";
import { badOption, PoolError } from "../errors.ts";
import type { Announcement } from "../machine/commands.ts";
import type { Logger } from "../ports/log.ts";
import type { ServiceEvents } from "../service-types.ts";

export interface PublicEvents<Events extends ServiceEvents = ServiceEvents> {
  readonly guard: CallbackGuard;
  on<Name extends keyof Events>(name: Name, listener: Events[Name]): void;
  once<Name extends keyof Events>(name: Name, listener: Events[Name]): void;
  off<Name extends keyof Events>(name: Name, listener: Events[Name]): void;
  publish(announcement: Announcement): void;
  /** An event whose payload, if any, is not ours. */
  announce(name: keyof Events, ...payload: readonly unknown[]): void;
  fail(error: Error): void;
}

type Listener = (...payload: readonly unknown[]) => unknown;
type Guarded = (...payload: readonly unknown[]) => void;

const INSTEAD = "The event went to the other listeners all the same.";

/** @param lastResort  takes what cannot be logged by `logger`, since it is about the logger */
export function createPublicEvents<Events extends ServiceEvents = ServiceEvents>(
  logger: Logger,
  lastResort: Logger = logger,
): PublicEvents<Events> {
  const emitter = new EventEmitter<string>();
  const fail = (error: Error): void => {
    const log = isAboutLogger(error) ? lastResort : logger;
    if (emitter.listenerCount("error") === 0) log.error(error.message);
    else emitter.emit("error", error, log);
  };
  const guard = new CallbackGuard(fail);
  // An event about a listener of `error` would go to that very listener.
  const logged = (log: Logger): CallbackGuard => new CallbackGuard((error) => log.error(error.message));
  const listeners = new GuardedListeners((name, listener) =>
    name === "error"
      ? (error, log) =>
          logged(log as Logger).tell("listener of error", () => Reflect.apply(listener, emitter, [error]), "")
      : (...payload) =>
          guard.tell(`listener of ${name}`, () => Reflect.apply(listener, emitter, payload), INSTEAD),
  );
  return {
    guard,
    fail,
    on: (name, listener) => void emitter.on(String(name), listeners.of(String(name), listener)),
    once: (name, listener) => void emitter.once(String(name), listeners.of(String(name), listener)),
    off: (name, listener) => void emitter.off(String(name), listeners.of(String(name), listener)),
    announce: (name, ...payload) => void emitter.emit(String(name), ...payload),
    publish: ({ name, event }) => void emitter.emit(name, deepFreeze(event)),
  };
}

function isAboutLogger(error: Error): boolean {
  return error instanceof PoolError && error.details["callback"] === LOGGER;
}

/** The same guarded function for the same listener of an event, so that `off` finds it. */
class GuardedListeners {
  readonly #guard: (name: string, listener: Listener) => Guarded;
  readonly #byName: Map<string, WeakMap<Listener, Guarded>> = new Map();

  constructor(guard: (name: string, listener: Listener) => Guarded) {
    this.#guard = guard;
  }

  /** @throws PoolError BROOD_BAD_OPTION */
  of(name: string, listener: unknown): Guarded {
    if (typeof listener !== "function") throw badOption("listener", listener, `a function for ${name}`);
    let known = this.#byName.get(name);
    if (known === undefined) {
      known = new WeakMap();
      this.#byName.set(name, known);
    }
    const found = known.get(listener as Listener);
    if (found !== undefined) return found;
    const guarded = this.#guard(name, listener as Listener);
    known.set(listener as Listener, guarded);
    return guarded;
  }
}

/** Freezes plain data all the way down. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
