// An unchanged script calls `listen` itself. In a worker no call binds anything here: the supervisor has one socket for each
// address (sharing/shared-listeners.ts), and the server gets a handle in its place (sharing/virtual-handle.ts), so that
// `listening`, `address()`, `close()` and errors mean what they mean under node.
//   public  served by the handoff; its `listening` comes just before the worker opens. One of them is `main`.
//   shared  `listening` comes at once; it accepts from when the worker opens, until it drains.
// Which it is sharing/wanted.ts says. A call that may be either is `main` for want of a better one, until the public call
// comes. So when the worker opens, such a one gets its `listening` first, and whatever the script then has to do is waited for.
// What is closed before it opens is let go (port probes). A `main` that is closed later can be opened again by any public call.
// Calls with a handle, and those with `reusePort`, go to Node unchanged.

import net from "node:net";
import { detached, ignored } from "@brood/core/callbacks";
import type { ListenChannel } from "../sharing/listen-channel.ts";
import { Listener } from "../sharing/listener.ts";
import { PendingWork } from "../sharing/pending-work.ts";
import { VirtualHandle, virtualHandleOf } from "../sharing/virtual-handle.ts";
import { describeWanted, isMeant, keyOf, ownAddressOf, roleOf, type Wanted } from "../sharing/wanted.ts";
import { everywhere, WantedCalls } from "../sharing/wanted-calls.ts";
import { DatagramCapture } from "./datagrams.ts";
import { ListenAliases } from "./listen-aliases.ts";
import { type ListenCall, readListenCall, readListenDescriptor } from "./listen-call.ts";
import { fail, follow, refuse } from "./listen-failures.ts";
import type { CaptureEvents, CaptureKnown } from "./listen-known.ts";
import { ListenQuestions } from "./listen-questions.ts";
import { ListenTrial, TRIAL_MS } from "./listen-trial.ts";
import { ServedListener } from "./served-listener.ts";

/** Node's own. */
export const listenOfNode: typeof net.Server.prototype.listen = net.Server.prototype.listen;

/** So long an entry that exports an application may take until it listens itself, while it is busy. */
const LISTENS_WITHIN_MS = 2_500;
/** The same when an earlier worker has seen it listen. */
const SURELY_LISTENS_WITHIN_MS = 10_000;

export class ListenCapture {
  #known: CaptureKnown;
  readonly #isTemplate: boolean;
  readonly #live: Set<Listener> = new Set();
  readonly #aliases: ListenAliases = new ListenAliases();
  readonly #served: ServedListener = new ServedListener();
  readonly #questions: ListenQuestions;
  readonly #trial: ListenTrial;
  #events: CaptureEvents | null = null;
  readonly #datagrams: DatagramCapture = new DatagramCapture();
  readonly pending: PendingWork = new PendingWork();
  readonly #wantedCalls: WantedCalls = new WantedCalls();
  #judged = 0;
  #hasCalled = false;
  #isOpen = false;
  #isEnding = false;

  constructor(known: CaptureKnown, isTemplate = false) {
    this.#known = known;
    this.#isTemplate = isTemplate;
    this.#questions = new ListenQuestions(this.#live, this.#served, known);
    this.#trial = new ListenTrial(this.#served, this.#questions, this.pending);
  }

  /** For good: the process is a worker's. */
  install(): void {
    const capture = this;
    function listen(this: net.Server, ...args: unknown[]): net.Server {
      if (capture.#take(this, args)) return this;
      return Reflect.apply(listenOfNode, this, args);
    }
    Reflect.set(net.Server.prototype, "listen", listen);
    this.#datagrams.install();
  }

  get main(): Listener | null {
    return this.#served.current;
  }

  get call(): ListenCall | null {
    return this.main?.call ?? null;
  }

  /** Resolves with the server that the script has listened with, when it has not closed it again by the next turn. */
  async listened(): Promise<net.Server> {
    return (await this.#served.steady()).server;
  }

  /** The entry exports an application. Resolves when it has listened itself, or when nothing says that it will. */
  async mayListen(): Promise<void> {
    const { listens } = this.#known.learned;
    if (this.main !== null || listens === false) return;
    const limitMs = listens === true ? SURELY_LISTENS_WITHIN_MS : LISTENS_WITHIN_MS;
    await this.pending.done(limitMs, () => this.main?.call != null);
  }

  /** The entry exports what is to be served; a later `listen` of the same application is an alias. */
  adopt(server: net.Server, listener: unknown): void {
    this.#aliases.listener = listener;
    const wanted = everywhere(this.#known.port ?? this.#known.defaultPort);
    this.#becomeMain(this.#listenerOf(server, null, wanted), true);
  }

  /** The worker itself, no template any more: what is wanted can be asked for. */
  enter(channel: ListenChannel, known: CaptureKnown, events: CaptureEvents): void {
    this.#known = known;
    this.#events = events;
    if (this.#isTemplate) this.pending.enterFork();
    this.#questions.enter(channel, known);
    this.#datagrams.enter(channel);
  }

  /** See ListenTrial. */
  settled(): Promise<Listener> {
    return this.#trial.settled();
  }

  /** See ListenTrial. */
  probed(): Promise<void> {
    return this.#trial.probed();
  }

  /** `main` listens: shared ones accept, and aliases learn that they listen too. */
  opened(): void {
    this.#isOpen = true;
    this.#questions.isServing = true;
    for (const each of this.#live) if (each !== this.main) each.serve();
    this.#aliases.openAll(this.main);
  }

  /** It has listened on any port, which may turn out to be `main`. */
  get isJudging(): boolean {
    return this.#judged > 0;
  }

  /** The script has listened itself, at some time. */
  get hasCalled(): boolean {
    return this.#hasCalled;
  }

  /** Brood's addresses that another server than `main` listens on. */
  get secondPublics(): readonly string[] {
    return [...this.#live].flatMap((each) => (each.isSecondPublic ? each.handle.address : []));
  }

  /** Servers beside `main` that have accepted connections of their own. */
  get others(): readonly net.Server[] {
    return [...this.#live].filter((each) => each !== this.main).map(({ server }) => server);
  }

  /** The worker drains: nothing of this is the program's doing any more. */
  ending(): void {
    this.#isEnding = true;
    this.#questions.isServing = false;
    this.#datagrams.ending();
    for (const each of this.#live) if (each !== this.main) each.stop();
  }

  #take(server: net.Server, args: readonly unknown[]): boolean {
    const descriptor = readListenDescriptor(args);
    if (descriptor !== null) return this.#takeDescriptor(server, descriptor, args.at(-1));
    const call = readListenCall(args);
    if (call === null) return false;
    const own = this.#ownOf(server);
    // Node says that it listens already.
    if (own === null && Reflect.get(server, "_handle") != null) return false;
    if (own !== null && own.call !== null) return false;
    const wanted = this.#wantedCalls.next(call);
    if (wanted.kind !== "unix" && wanted.port === 0 && call.exclusive) return false;
    const isAlias = own === null && this.#aliases.isOne(this.main, server, wanted);
    if (own === null && !isAlias && this.#isNodes) return false;
    this.#hasCalled = true;
    if (call.onListening !== null) server.once("listening", call.onListening);
    follow(server, call.options.signal);
    if (own !== null) {
      own.call = call;
      if (this.#isOpen) own.announceAgain();
    } else if (isAlias) this.#aliases.add(server, call, wanted, this.main, this.#isOpen);
    else this.#add(server, call, wanted);
    return true;
  }

  /** Nobody shares it: there is no supervisor that could be asked. */
  get #isNodes(): boolean {
    return !this.#known.isShared && this.main !== null;
  }

  #takeDescriptor(server: net.Server, descriptor: number, last: unknown): boolean {
    if (!this.#known.descriptors.includes(descriptor)) {
      refuse(
        server,
        `listen({ fd: ${descriptor} }) cannot be shared: the descriptor is not one of Brood's. Give it as --listen fd:${descriptor}.`,
      );
      return true;
    }
    const call = readListenCall(typeof last === "function" ? [0, last] : [0]);
    if (call === null) return false;
    if (call.onListening !== null) server.once("listening", call.onListening);
    this.#becomeMain(this.#listenerOf(server, call, everywhere(0)), true);
    return true;
  }

  #add(server: net.Server, call: ListenCall, wanted: Wanted): void {
    const twin = [...this.#live].find((each) => keyOf(each.wanted) === keyOf(wanted));
    if (twin !== undefined) return fail(server, wanted, "EADDRINUSE");
    const listener = this.#listenerOf(server, call, wanted);
    const role = roleOf(wanted, this.#known);
    if (role === "public") return this.#addPublic(listener);
    const { isShared, isGiven, port } = this.#known;
    const isAnyPort = isShared && wanted.kind === "tcp" && wanted.port === 0;
    const isPerhapsMain = role === "unknown" && !isAnyPort && this.main === null;
    // Nobody has said what is public: what the program listens on first is.
    const isFree = !isShared || (!isGiven && port === null);
    if (isPerhapsMain) return this.#becomeMain(listener, isFree);
    if (call.exclusive) {
      this.#live.delete(listener);
      return refuse(
        server,
        `listen(${describeWanted(wanted)}, exclusive) cannot be shared by several workers: leave "exclusive" out.`,
      );
    }
    this.#share(listener);
    if (!isAnyPort || role !== "unknown" || this.main !== null) return;
    detached(this.#perhapsMain(listener), ignored);
  }

  #addPublic(listener: Listener): void {
    const before = this.main;
    if (before === null) return this.#becomeMain(listener, true);
    if (before.isCertain) {
      listener.isSecondPublic = this.#known.isGiven;
      return this.#share(listener);
    }
    if (this.#isOpen) {
      this.#questions.learn(listener.wanted, [before.wanted]);
      return this.#events?.misjudged();
    }
    this.#becomeMain(listener, true);
    before.isCertain = true;
    this.#share(before);
  }

  #becomeMain(listener: Listener, isCertain: boolean): void {
    listener.isCertain = isCertain;
    this.#served.set(listener);
    const { isGiven, addresses } = this.#known;
    const meant = addresses.find((each) => isMeant(each, listener.wanted)) ?? addresses[0];
    if (isGiven) listener.rename(meant ?? listener.handle.address);
    if (this.#isOpen) this.#questions.reopen(listener, () => this.#events?.reopened(listener));
    else this.#questions.ask(listener);
  }

  #share(listener: Listener): void {
    listener.isMain = false;
    listener.rename(ownAddressOf(listener.wanted));
    if (this.#isTemplate && !this.#questions.canAsk) listener.pretend(this.#known.learned);
    else this.#questions.ask(listener);
  }

  /** The only one so far, on any port: a script that looks for a free one closes it soon. */
  async #perhapsMain(listener: Listener): Promise<void> {
    this.#judged += 1;
    await this.#questions.answered();
    await this.pending.done(TRIAL_MS, () => this.main !== null || !this.#live.has(listener));
    this.#judged -= 1;
    if (this.main !== null || !this.#live.has(listener) || this.#isOpen) return;
    this.#served.set(listener);
    if (this.#known.isGiven) {
      this.#questions.drop(listener);
      listener.rename(this.#known.addresses[0] ?? listener.handle.address);
      listener.isCertain = true;
    } else this.#questions.confirm(listener);
  }

  #listenerOf(server: net.Server, call: ListenCall | null, wanted: Wanted): Listener {
    const handle = new VirtualHandle(ownAddressOf(wanted), () => this.#closed(listener));
    const listener = new Listener(server, call, wanted, handle);
    this.#live.add(listener);
    return listener;
  }

  /** The program has closed it. */
  #closed(listener: Listener): void {
    if (!this.#live.delete(listener) || this.#isEnding) return;
    this.#questions.drop(listener);
    if (this.#served.forget(listener) && this.#isOpen) this.#events?.closed(listener.server);
  }

  #ownOf(server: net.Server): Listener | null {
    const handle = virtualHandleOf(server);
    return [...this.#live].find((each) => each.handle === handle && each.server === server) ?? null;
  }
}
