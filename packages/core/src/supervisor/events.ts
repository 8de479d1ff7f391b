// Public events, typed, on eventemitter3. Payloads are frozen. Two things eventemitter3 leaves to its user: an `error`
// that nobody listens to is logged instead of vanishing, and a listener that throws harms neither us nor the others.

import { EventEmitter } from "eventemitter3";
import type { Announcement } from "../machine/commands.ts";
import type { Logger } from "../ports/log.ts";
import type { ServiceEvents } from "../service-types.ts";

export interface PublicEvents<Events extends ServiceEvents = ServiceEvents> {
  readonly emitter: EventEmitter<Events>;
  publish(announcement: Announcement): void;
  /** An event whose payload, if any, is not ours. */
  announce(name: keyof Events, ...payload: readonly unknown[]): void;
  fail(error: Error): void;
}

export function createPublicEvents<Events extends ServiceEvents = ServiceEvents>(
  logger: Logger,
): PublicEvents<Events> {
  const emitter = new EventEmitter<Events>();
  // eventemitter3 derives a payload from its name, which a name that is not known yet defeats.
  const emit = (name: string, ...payload: readonly unknown[]): boolean =>
    Reflect.apply(emitter.emit, emitter, [name, ...payload]);
  const fail = (error: Error): void => {
    if (emitter.listeners("error" as Parameters<typeof emitter.listeners>[0]).length === 0)
      logger.error(error.message);
    else
      call(
        () => emit("error", error),
        (thrown) => logger.error(`an error listener threw: ${thrown}`),
      );
  };
  return {
    emitter,
    fail,
    announce(name, ...payload) {
      call(
        () => emit(String(name), ...payload),
        (thrown) => fail(asError(thrown, `a listener of ${String(name)} threw`)),
      );
    },
    publish({ name, event }) {
      call(
        () => emit(name, deepFreeze(event)),
        (thrown) => fail(asError(thrown, `a listener of ${name} threw`)),
      );
    },
  };
}

function call(action: () => void, onThrow: (thrown: unknown) => void): void {
  try {
    action();
  } catch (thrown) {
    onThrow(thrown);
  }
}

function asError(thrown: unknown, what: string): Error {
  return new Error(`${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
    cause: thrown,
  });
}

/** Freezes plain data all the way down. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
