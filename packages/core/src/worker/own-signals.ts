// A thread shares its pid with the whole server. `process.kill(process.pid, "SIGTERM")`, by which a library lets a signal have its
// usual effect after its clean-up, means the program that calls it: the thread. So in a thread such a signal goes to the
// application's listeners, or ends the thread, as it would end a process that has none.

import { constants } from "node:os";
import { areReleased, isHeld, isOwnListener } from "./signals.ts";

/** They end no worker process either. */
const HARMLESS: ReadonlySet<string> = new Set([
  "SIGCHLD",
  "SIGCONT",
  "SIGURG",
  "SIGWINCH",
  "SIGUSR1",
  "SIGUSR2",
]);
/** As shells say by which signal a process has ended. */
const EXIT_BASE = 128;

const NAMES = Object.keys(constants.signals) as readonly NodeJS.Signals[];

/** For good. */
export function keepOwnSignals(): void {
  const kill = process.kill.bind(process);
  Reflect.set(process, "kill", (pid: number, signal: string | number = "SIGTERM"): true => {
    // None: 0, which only asks, or what Node refuses.
    const name = NAMES.find((each) => each === signal || constants.signals[each] === signal);
    if (pid !== process.pid || name === undefined) return kill(pid, signal);
    setImmediate(() => receive(name));
    return true;
  });
}

function receive(name: NodeJS.Signals): void {
  const isHeard = process.rawListeners(name).some((each) => !isOwnListener(each));
  if (isHeard || isHeld(name)) process.emit(name, name);
  else if (!HARMLESS.has(name)) process.exit(areReleased() ? 0 : EXIT_BASE + constants.signals[name]);
}
