// What the command does on signals. Never used by `serve()`: signals belong to the host process.
//   TERM, INT  graceful stop, a second one: now      USR2, USR1  phased restart      HUP  reopen the log files
//   QUIT       stop now                              TTIN, TTOU  one worker more, fewer

export interface SignalActions {
  stop(options: { readonly now: boolean }): void;
  restart(): void;
  /** `change` is 1 or -1. */
  scaleBy(change: number): void;
  reopenLogs(): void;
}

/** Listens until the process ends. */
export function handleSignals(actions: SignalActions): void {
  let isStopping = false;
  const stop = (now: boolean): void => {
    actions.stop({ now: now || isStopping });
    isStopping = true;
  };
  process.on("SIGTERM", () => stop(false));
  process.on("SIGINT", () => stop(false));
  process.on("SIGQUIT", () => stop(true));
  process.on("SIGUSR1", () => actions.restart());
  process.on("SIGUSR2", () => actions.restart());
  process.on("SIGTTIN", () => actions.scaleBy(1));
  process.on("SIGTTOU", () => actions.scaleBy(-1));
  process.on("SIGHUP", () => actions.reopenLogs());
}
