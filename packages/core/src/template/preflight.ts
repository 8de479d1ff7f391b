// The look at a loaded application before its forks: is there anything that a fork would break? What is found is named with
// its place in the code, because whoever reads it has to move it. What the application set for later is parked meanwhile, so
// that nothing of it runs once this has looked; and before every fork a shorter look makes sure of that.

import { performance } from "node:perf_hooks";
import { PoolError } from "../errors.ts";
import { closeClientConnections } from "./client-connections.ts";
import {
  describeLocks,
  describeOrigins,
  describeSockets,
  describeThreads,
  findingsOf,
  isOpen,
  isRequest,
  isRequestType,
  isTold,
} from "./findings.ts";
import { HeldWatchers, isWatcher } from "./held/watchers.ts";
import { type Origin, type Origins, watchOrigins } from "./origins.ts";
import type { ParkedTimers } from "./parked-timers.ts";
import {
  countThreads,
  isFile,
  isSocket,
  locksOf,
  openDescriptors,
  type SystemView,
  viewDescriptors,
  viewSystem,
  viewThreads,
} from "./system-view.ts";

const { setTimeout, setImmediate } = globalThis;

/** Operations that were begun and not awaited get so long to end. */
const QUIET_WITHIN_MS = 5_000;
const LOOK_AGAIN_AFTER_MS = 5;

export class Preflight {
  readonly #before: SystemView = viewSystem();
  readonly origins: Origins = watchOrigins(isTold, isRequestType);
  readonly #timers: ParkedTimers;
  #settled: SystemView | null = null;

  readonly #holds: boolean;
  readonly #watchers: HeldWatchers = new HeldWatchers();

  /** Begins to watch; before the release is loaded. @param holds  what a worker can begin by itself is no finding */
  constructor(timers: ParkedTimers, holds: boolean) {
    this.#timers = timers;
    this.#holds = holds;
    timers.watch();
  }

  /** What is open, and has no place in a fork. */
  get #open(): readonly Origin[] {
    return this.origins.open().filter((each) => isOpen(each) && !(this.#holds && isWatcher(each)));
  }

  /** Everything that is open now and was not before. */
  async findings(): Promise<readonly string[]> {
    await quiet(this.origins, this.#timers);
    return findingsOf(this.#open, this.#before, viewSystem());
  }

  /** The template is as it will be forked. */
  settle(): void {
    this.#timers.park();
    this.#timers.endWatch();
    if (this.#holds) this.#watchers.hold(this.origins.open());
    this.#settled = viewSystem();
  }

  /** Before each fork: what has come since, though nothing of the application should have run. Takes a tenth of a millisecond.
   *  @param passed  descriptors of the supervisor's and of workers */
  findingsSince(passed: readonly number[]): readonly string[] {
    const settled = this.#settled;
    if (settled === null) return [];
    const { descriptors, threads, locks } = settled;
    const others = openDescriptors().filter((fd) => !descriptors.has(fd) && !passed.includes(fd));
    const opened = viewDescriptors(others);
    const files = new Map([...descriptors, ...opened].filter(([, link]) => isFile(link)));
    const known = new Set(locks.map(({ descriptor }) => descriptor));
    const origins = describeOrigins(this.#open);
    const sockets = [...opened.values()].filter(isSocket).length;
    return [
      ...origins,
      ...(countThreads() > threads.length ? describeThreads(viewThreads().slice(threads.length)) : []),
      ...describeLocks(locksOf(files).filter(({ descriptor }) => !known.has(descriptor))),
      ...(origins.length > 0 ? [] : describeSockets(sockets)),
    ];
  }

  /** In a forked worker. */
  end(): void {
    this.origins.stop();
    this.#watchers.release();
  }
}

/** Nothing tells of the last operation's end, so it is looked for. Node tells of what has closed only after the timers of the
 *  next turn: on a busy machine a look by timer alone would find a socket that is gone. */
async function quiet(origins: Origins, timers: ParkedTimers): Promise<void> {
  const untilMs = performance.now() + QUIET_WITHIN_MS;
  let isQuiet = false;
  while (!isQuiet && performance.now() < untilMs) {
    timers.park();
    const hadClients = closeClientConnections(origins.open().filter(isOpen));
    await new Promise((resolve) => setTimeout(() => setImmediate(resolve), LOOK_AGAIN_AFTER_MS));
    isQuiet = timers.park() === 0 && !hadClients && !origins.open().some(isRequest);
  }
}

/** One error for all findings. */
export function unsafe(findings: readonly string[]): PoolError {
  const list = findings.map((each, index) => `(${index + 1}) ${each}`).join("; ");
  return new PoolError("BROOD_TEMPLATE_UNSAFE", `holds what does not survive a fork: ${list}.`, {
    details: { findings },
  });
}
