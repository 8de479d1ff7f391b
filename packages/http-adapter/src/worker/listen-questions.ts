// What a worker asks the supervisor about its listeners, and what it does with the answers.

import { type Answer, closeGiven, type ListenChannel } from "../sharing/listen-channel.ts";
import type { Listener } from "../sharing/listener.ts";
import { describeWanted, keyOf, type Wanted } from "../sharing/wanted.ts";
import { refuse } from "./listen-failures.ts";
import type { CaptureKnown } from "./listen-known.ts";
import type { ServedListener } from "./served-listener.ts";

export class ListenQuestions {
  /** The program has not closed them. */
  readonly #live: Set<Listener>;
  readonly #served: ServedListener;
  #known: CaptureKnown;
  #channel: ListenChannel | null = null;
  /** Shared listeners accept. */
  isServing = false;

  constructor(live: Set<Listener>, served: ServedListener, known: CaptureKnown) {
    this.#live = live;
    this.#served = served;
    this.#known = known;
  }

  /** False in a template. */
  get canAsk(): boolean {
    return this.#channel !== null;
  }

  enter(channel: ListenChannel, known: CaptureKnown): void {
    this.#channel = channel;
    this.#known = known;
    for (const each of this.#live) this.ask(each);
  }

  /** Resolves when nothing is asked. */
  async answered(): Promise<void> {
    await this.#channel?.answered();
  }

  ask(listener: Listener): void {
    const channel = this.#channel;
    const { wanted, isMain, isCertain, isSecondPublic } = listener;
    const { isGiven, handoff } = this.#known;
    if (channel === null || listener.isAsked || (isMain && isGiven)) return;
    if (isSecondPublic && handoff !== "listener") {
      this.#live.delete(listener);
      return refuse(
        listener.server,
        `two servers listen on addresses of --listen (the second on ${describeWanted(wanted)}), which handoff "${handoff}" cannot tell apart: use handoff "listener", or leave the second out of --listen.`,
      );
    }
    listener.isAsked = true;
    const isPublic = isSecondPublic || (isMain && isCertain);
    const backlog = listener.call?.options.backlog ?? null;
    const question = { wanted, isPublic, backlog, addressOnly: false, isSecond: isSecondPublic };
    channel.ask(question, (answer) => this.#answer(listener, answer));
  }

  /** The program's own address is the public one: the supervisor has it as a shared one so far. */
  confirm(listener: Listener): void {
    listener.isCertain = true;
    if (this.#known.isGiven) return;
    const { wanted } = listener;
    // A call for any port gets the one that is public already: its socket is another.
    const isAnyPort = wanted.kind === "tcp" && wanted.port === 0;
    const question = { wanted, isPublic: true, backlog: null, addressOnly: !isAnyPort };
    this.#channel?.ask(question, (answer) => {
      if (!answer.ok) return;
      if (!isAnyPort) return listener.rename(answer.address);
      this.drop(listener);
      this.#answer(listener, answer);
    });
  }

  /** The public server was closed, and is opened again. @param done  called when its sockets are there */
  reopen(listener: Listener, done: () => void): void {
    const question = { wanted: listener.wanted, isPublic: true, backlog: null, addressOnly: false };
    this.#channel?.ask(question, (answer) => {
      this.#answer(listener, answer);
      if (answer.ok && this.#served.current === listener) done();
    });
  }

  /** Its sockets are not used any more. */
  drop(listener: Listener): void {
    listener.drop(this.#channel);
  }

  /** What this worker knows now saves those after it the wait. */
  report(main: Listener): void {
    const others = [...this.#live].filter((each) => each !== main && !each.isSecondPublic);
    const shared = others.map(({ wanted }) => wanted);
    this.learn(main.wanted, shared, main.call !== null);
  }

  learn(main: Wanted, shared: readonly Wanted[], listens: boolean | null = null): void {
    const isKnown = listens === false || (main.kind === "tcp" && main.port === 0);
    const found = { main: isKnown ? null : keyOf(main), shared: shared.map(keyOf), listens };
    this.#channel?.tell({ brood: "listens", ...found });
  }

  #answer(listener: Listener, answer: Answer): void {
    if (!answer.ok) {
      this.#live.delete(listener);
      this.#served.forget(listener);
      return listener.failed(answer.code, answer.message);
    }
    if (!this.#live.has(listener)) {
      for (const each of answer.sockets) closeGiven(each);
      return this.#channel?.tell({ brood: "unlisten", id: answer.id });
    }
    listener.given(answer);
    if (listener.isMain) return;
    listener.announce();
    if (this.isServing) listener.serve();
  }
}
