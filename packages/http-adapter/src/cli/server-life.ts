// What signals mean to a server of the command, before it is ready and after. What comes before is done when it is.

import type { Writable } from "node:stream";
import type { Logger } from "@brood/core";
import { detached, ignored, textOf } from "@brood/core/callbacks";
import { LogFile } from "../log-files.ts";
import { scaleTarget } from "../scale-target.ts";
import type { Server } from "../server.ts";
import type { SignalActions } from "../signals.ts";
import type { Terminal } from "../terminal.ts";

export interface LifeOptions {
  readonly log: Logger;
  /** Where the log goes; null: to stderr. */
  readonly output: Writable | null;
  /** Nothing is written to the terminal, so its end is no end of the server. */
  readonly logsToFiles: boolean;
  readonly terminal: Terminal;
}

export class ServerLife implements SignalActions {
  readonly #starting = new AbortController();
  readonly #options: LifeOptions;
  /** Asked for before the server was ready, each once; changes of size add up. */
  readonly #waiting: Map<string, (server: Server) => Promise<void>> = new Map();
  #change = 0;
  #server: Server | null = null;

  constructor(options: LifeOptions) {
    this.#options = options;
  }

  get startSignal(): AbortSignal {
    return this.#starting.signal;
  }

  isReady(server: Server): void {
    this.#server = server;
    for (const [what, act] of this.#waiting) this.#perform(what, server, act);
    this.#waiting.clear();
  }

  stop({ now, hint }: { readonly now: boolean; readonly hint: boolean }): void {
    if (hint && this.#options.terminal.isRead)
      process.stderr.write("brood: answers what is under way, then stops; Ctrl-C again stops it now\n");
    if (this.#server === null) this.#starting.abort();
    else detached(this.#server.stop({ now }), ignored);
  }

  restart(): void {
    this.#whenReady("restart", async (server) => {
      await server.restart();
    });
  }

  scaleBy(change: number): void {
    this.#change += change;
    this.#whenReady("scale", async (server) => {
      const wanted = this.#change;
      this.#change = 0;
      if (wanted === 0) return;
      const target = wanted > 0 ? `+${wanted}` : String(wanted);
      await server.scale(scaleTarget(target, server.stats().desired));
    });
  }

  hangUp(): void {
    const { terminal, logsToFiles, log } = this.#options;
    if (terminal.hasClosed && !logsToFiles) {
      log.info("the terminal has closed: stopping");
      return this.stop({ now: false, hint: false });
    }
    this.#whenReady("reopen", async (server) => {
      if (this.#options.output instanceof LogFile) this.#options.output.reopen();
      server.reopenLogs();
    });
  }

  #whenReady(what: string, act: (server: Server) => Promise<void>): void {
    if (this.#server !== null) return this.#perform(what, this.#server, act);
    this.#waiting.set(what, act);
    this.#options.log.info(`${what} signal: done when the server is ready`);
  }

  /** `act` is async, so that whatever it throws is a rejection: a signal must never end the server by accident. */
  #perform(what: string, server: Server, act: (server: Server) => Promise<void>): void {
    detached(act(server), (error) => {
      this.#options.log.warn(`${what} failed`, { reason: textOf(error) });
    });
  }
}
