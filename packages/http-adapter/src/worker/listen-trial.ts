// Whether a server that may be the public one stays. The program is told that it listens, and what it then does is waited for: one
// that looks for a free port closes it at that.

import type { Listener } from "../sharing/listener.ts";
import type { PendingWork } from "../sharing/pending-work.ts";
import type { ListenQuestions } from "./listen-questions.ts";
import type { ServedListener } from "./served-listener.ts";

/** So long may a script that has listened, but not on a public address, take to do so. */
export const TRIAL_MS = 2_000;

export class ListenTrial {
  readonly #served: ServedListener;
  readonly #questions: ListenQuestions;
  readonly #pending: PendingWork;

  constructor(served: ServedListener, questions: ListenQuestions, pending: PendingWork) {
    this.#served = served;
    this.#questions = questions;
    this.#pending = pending;
  }

  /** Resolves with what is to be served, when that is certain, all answers are there, and the program keeps it. */
  async settled(): Promise<Listener> {
    for (;;) {
      await this.#questions.answered();
      const main = await this.#served.steady();
      if (!main.isCertain) await this.#try(main);
      const stands = main.call === null || (await this.#stands(main));
      await this.#questions.answered();
      if (!stands || this.#served.current !== main) continue;
      this.#questions.report(main);
      return main;
    }
  }

  /** Resolves when no probe is left to be closed: the public server can answer, or there is none, or the program keeps it. */
  async probed(): Promise<void> {
    for (let main = this.#served.current; main?.isProbe === true; main = this.#served.current) {
      await this.#questions.answered();
      if (await this.#stands(main)) return;
    }
  }

  /** False: the program has closed it when it was told that it listens. */
  async #stands(listener: Listener): Promise<boolean> {
    if (this.#served.current !== listener) return false;
    listener.announce();
    return (await this.#served.steady()) === listener;
  }

  /** Nobody knows whether it is the public one. */
  async #try(listener: Listener): Promise<void> {
    listener.announce();
    const isOver = (): boolean => this.#served.current !== listener || listener.isCertain;
    await this.#pending.done(TRIAL_MS, isOver);
    if (this.#served.current === listener) this.#questions.confirm(listener);
  }
}
