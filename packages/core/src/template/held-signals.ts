// A terminal, an operator or systemd may signal a whole group of processes, and a template is one of them. What the application
// wants to do then is its workers' to do: in a template it hears nothing, and ends when the supervisor says so.
// Node binds `process.emit` to a signal when its first listener is added: so this comes before all listeners.

import { constants } from "node:os";

export interface HeldSignals {
  /** In a forked worker: from here on they are heard. */
  release(): void;
}

export function holdSignals(): HeldSignals {
  const emit = process.emit;
  let isHeld = true;
  const led = function (this: NodeJS.Process, ...parameters: unknown[]): boolean {
    if (isHeld && typeof parameters[0] === "string" && parameters[0] in constants.signals) return false;
    return Reflect.apply(emit, this, parameters) as boolean;
  };
  process.emit = led as typeof process.emit;
  return {
    release() {
      isHeld = false;
    },
  };
}
