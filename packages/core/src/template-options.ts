// The options of `spawn: "template"`.

/** For `spawn: "template"`; checked but without effect otherwise. */
export interface TemplateOptions {
  /** What a spawn does while the template has to be built again: "fresh" (default) loads the release itself, "wait" waits
   *  for the template, so that every worker is a forked one. */
  readonly fallback?: "fresh" | "wait";
  /** 1...10_000, default 3: workers forked from one template that fail early in a row until it is built again. */
  readonly failuresMax?: number;
  /** The loaded application holds what does not survive a fork (sockets, threads, timers): "refuse" (default) fails the
   *  template with BROOD_TEMPLATE_UNSAFE, "warn" writes the findings to its stderr and goes on. */
  readonly unsafe?: "refuse" | "warn";
  /** Default true: what the application begins while it loads and only a worker may do (connections, servers, UDP, threads,
   *  child processes) is kept, and done in each worker. False: it is done in the template, and refused if it is still open
   *  when that is to be forked. */
  readonly hold?: boolean;
}
