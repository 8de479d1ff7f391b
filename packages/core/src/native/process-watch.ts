// A process known by its pidfd: told when it ends, signalled without ever hitting a stranger, and reaped if it is ours.
// In the parent, `end` reaps; in any other process it learns the same end from the kernel (process_end.c), for sure as
// long as the parent has not reaped. So the supervisor watches, and tells the template to reap once it knows the end.
// Rule: not for what child_process has spawned: libuv reaps that by itself.

import { constants } from "node:os";
import { type Binding, READABLE } from "./binding.ts";

/** Both null: it has ended, and nobody can tell how any more (Linux before 6.15, when another process reaped it). */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Who knew: `wait` we, as its parent; `pidfd` the kernel; `proc` its entry in /proc; `none` nobody. */
  readonly source: "wait" | "pidfd" | "proc" | "none";
}

export interface ProcessWatch {
  /** Sends a signal; false when the process has gone. */
  signal(name: NodeJS.Signals): boolean;
  /** How it ended, null while it runs. Reaps it, also when it became our child later (we are pid 1, its parent died). */
  end(): ProcessEnd | null;
  ref(): void;
  unref(): void;
  /** Stops watching and closes the pidfd. May be called twice. */
  close(): void;
}

const SIGNAL_NAMES: ReadonlyMap<number, NodeJS.Signals> = new Map(
  Object.entries(constants.signals)
    .map(([name, number]) => [number, name as NodeJS.Signals] as const)
    // Two names have one number in some cases (SIGIOT, SIGPOLL): the first is the usual one.
    .reverse(),
);

/** Takes the pidfd over. `ended` is called once, from the event loop, and not after `close`. */
export function watchProcess(
  binding: Binding,
  pidfd: number,
  ended: (end: ProcessEnd) => void,
): ProcessWatch {
  let isOpen = true;
  const end = (): ProcessEnd | null => {
    if (!isOpen) return null;
    const [state, exitCode, signal, source] = binding.processEnd(pidfd);
    if (state === "running") return null;
    return {
      exitCode: exitCode < 0 ? null : exitCode,
      signal: SIGNAL_NAMES.get(signal) ?? null,
      source,
    };
  };
  const watch = binding.watchStart(pidfd, READABLE, () => {
    const seen = end();
    if (seen === null) return;
    binding.watchStop(watch);
    ended(seen);
  });
  return {
    signal: (name) => isOpen && binding.pidfdSignal(pidfd, constants.signals[name]),
    end,
    ref: () => binding.watchRef(watch, true),
    unref: () => binding.watchRef(watch, false),
    close() {
      if (!isOpen) return;
      isOpen = false;
      binding.watchStop(watch);
      binding.close(pidfd);
    },
  };
}
