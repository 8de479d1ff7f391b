// Signals that come while the command is still being loaded. HUP and USR2 would end the process, USR1 would open Node's
// inspector, TERM and INT would end it as if it had failed: they are noted from the first statement on (bin/brood.js does the same before this module is found), and the
// server does then what they ask for. The few milliseconds in which Node itself starts are out of reach.

/** bin/brood.js knows it too. */
const KEY = Symbol.for("brood.early-signals");

const NOTED = ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGINT"] as const;

const STOPS = ["SIGTERM", "SIGINT"] as const;

export type EarlySignal = (typeof NOTED)[number];

interface EarlySignals {
  readonly came: EarlySignal[];
  readonly note: (signal: EarlySignal) => void;
}

export function noteEarlySignals(): void {
  if (Reflect.has(process, KEY)) return;
  const came: EarlySignal[] = [];
  const note = (signal: EarlySignal): void => void came.push(signal);
  Reflect.set(process, KEY, { came, note } satisfies EarlySignals);
  for (const signal of NOTED) process.on(signal, note);
}

/** What came so far. From now on they are somebody else's, or do what they do to any process. */
export function takeEarlySignals(): readonly EarlySignal[] {
  const early: EarlySignals | undefined = Reflect.get(process, KEY);
  if (early === undefined) return [];
  for (const signal of NOTED) process.off(signal, early.note);
  Reflect.deleteProperty(process, KEY);
  return early.came;
}

/** Until the options have been read nothing has begun: the server ends at once, as one that was stopped.
 *  @returns when called: from then on somebody else listens */
export function leaveOnEarlyStop(leave: () => void): () => void {
  const early: EarlySignals | undefined = Reflect.get(process, KEY);
  if (early?.came.some((signal) => STOPS.some((stop) => stop === signal)) === true) leave();
  for (const signal of STOPS) process.on(signal, leave);
  return () => {
    for (const signal of STOPS) process.off(signal, leave);
  };
}

/** For a command that is no server: as if they came now. Without a listener USR1 would still open the inspector. */
export function passEarlySignalsOn(): void {
  const came = takeEarlySignals();
  process.on("SIGUSR1", () => undefined);
  for (const signal of came) if (signal !== "SIGUSR1") process.kill(process.pid, signal);
}
