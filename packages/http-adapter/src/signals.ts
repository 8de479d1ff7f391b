// What the command does on signals. Never used by `serve()`: signals belong to the host process.
//   TERM, INT  graceful stop, a second one: now      USR2, USR1  phased restart      HUP  reopen the log files, or
//   QUIT       stop now                              TTIN, TTOU  one worker more, fewer   stop: the terminal has closed
// npm, shells and terminals send the first TERM or INT twice: one that follows at once is the same.

export interface SignalActions {
  /** `hint`: somebody at a terminal may want to know what it waits for. */
  stop(options: { readonly now: boolean; readonly hint: boolean }): void;
  restart(): void;
  /** `change` is 1 or -1. */
  scaleBy(change: number): void;
  hangUp(): void;
}

/** A second Ctrl-C by hand takes longer, and what passes signals on is quicker. */
export const SAME_WITHIN_MS = 500;

/** Listens until the process ends. */
export function handleSignals(actions: SignalActions, now: () => number = () => performance.now()): void {
  let firstAtMs: number | null = null;
  const stop = (hint: boolean): void => {
    const atMs = now();
    if (firstAtMs === null) {
      firstAtMs = atMs;
      actions.stop({ now: false, hint });
    } else if (atMs - firstAtMs >= SAME_WITHIN_MS) actions.stop({ now: true, hint: false });
  };
  process.on("SIGTERM", () => stop(false));
  process.on("SIGINT", () => stop(true));
  process.on("SIGQUIT", () => actions.stop({ now: true, hint: false }));
  process.on("SIGUSR1", () => actions.restart());
  process.on("SIGUSR2", () => actions.restart());
  process.on("SIGTTIN", () => actions.scaleBy(1));
  process.on("SIGTTOU", () => actions.scaleBy(-1));
  process.on("SIGHUP", () => actions.hangUp());
}
