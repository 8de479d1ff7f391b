// Signals that go to a whole process group: Ctrl-C in a terminal, systemd's TERM to a service, `kill -- -pgid`. The supervisor
// gets them too and decides for all; a worker that ended by itself would drop what it has in hand. So a worker's own code,
// and the application's listeners above all (`process.on("SIGINT", () => process.exit())`), hear nothing of them until
// everything is answered. TERM is passed on to the supervisor as a question, since it may be meant for this worker alone.
// `process.emit` is what Node's signal handles call; a listener of ours could not keep the others from running.
// One state for the process, like the signals themselves; a forked worker goes on with its template's.

const HELD = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"] as const;

export type HeldSignal = (typeof HELD)[number];

/** SIGUSR2 ends a process that does not listen; applications that do may have it. */
const CAUGHT: readonly NodeJS.Signals[] = [...HELD, "SIGUSR2"];

interface Hold {
  readonly received: Set<HeldSignal>;
  isOver: boolean;
  onTerminate: () => void;
}

let hold: Hold | null = null;

/** From now on; called again it only changes who is told of TERM. Before the application is loaded. */
export function holdSignals(onTerminate: () => void): void {
  if (hold !== null) {
    hold.onTerminate = onTerminate;
    return;
  }
  const begun: Hold = { received: new Set(), isOver: false, onTerminate };
  hold = begun;
  const emit: unknown = Reflect.get(process, "emit");
  Reflect.set(process, "emit", (event: unknown, ...args: readonly unknown[]): unknown => {
    const signal = begun.isOver ? undefined : HELD.find((each) => each === event);
    if (signal === undefined)
      return typeof emit === "function" && Reflect.apply(emit, process, [event, ...args]);
    begun.received.add(signal);
    if (signal === "SIGTERM") begun.onTerminate();
    return true;
  });
  for (const signal of CAUGHT) keepListening(signal);
  // Without a listener the signal would end the process.
  process.on("removeListener", (event) => {
    const signal = CAUGHT.find((each) => each === event);
    if (signal !== undefined && process.listenerCount(signal) === 0) process.on(signal, ignore);
  });
}

/** Keeps a signal from ending the process; no wish of the application's. */
export function isOwnListener(listener: unknown): boolean {
  return listener === ignore;
}

/** Everything is answered: the application may hear of them from now on. */
export function releaseSignals(): void {
  if (hold !== null) hold.isOver = true;
}

/** Whether the application hears of it only when everything is answered, and that is still to come. */
export function isHeld(signal: string): boolean {
  return hold?.isOver === false && HELD.some((each) => each === signal);
}

export function areReleased(): boolean {
  return hold?.isOver === true;
}

/** What came while they were held. */
export function heldSignals(): ReadonlySet<HeldSignal> {
  return hold?.received ?? new Set();
}

/** The first listener makes Node catch the signal, and that handle keeps the `emit` of its moment: a preloaded module's
 *  would go on past ours. */
function keepListening(signal: NodeJS.Signals): void {
  const others = process.rawListeners(signal);
  process.removeAllListeners(signal);
  process.on(signal, ignore);
  for (const each of others) if (isListener(each)) process.on(signal, each);
}

function isListener(value: unknown): value is NodeJS.SignalsListener {
  return typeof value === "function";
}

function ignore(): void {}
