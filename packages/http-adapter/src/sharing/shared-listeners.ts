// The supervisor's end of listening: one socket for each address that the program asks for and that is none of Brood's own, as
// the primary of node:cluster has it. It is opened when the first worker asks, outlives every worker, and is closed when the
// program has closed it in all workers, or when a completed restart has left nobody who uses it.
// Without `--listen` the public address is one of them: whichever the program listens on.

import { fstatSync } from "node:fs";
import type { Logger, Service } from "@brood/core";
import { detached, ignored } from "@brood/core/callbacks";
import { PoolError } from "@brood/core/errors";
import { nativeSupport } from "@brood/core/native";
import type { Handoff } from "../handoff/handoff.ts";
import type { WorkerId } from "../handoff/names.ts";
import { BACKLOG_DEFAULT } from "../listen/backlog.ts";
import { endOfSockets, type Patience } from "../listen/last-connections.ts";
import { pathNews } from "../listen/path-news.ts";
import type { BareHandle } from "../listen/server-handle.ts";
import type { SocketOwner } from "../listen/socket-owner.ts";
import { Learning } from "./learning.ts";
import { readToSupervisor, type ToListener, type ToSupervisor } from "./messages.ts";
import { openShared, type SharedSocket } from "./open-socket.ts";
import { type ListenerStatsList, type SharedEntry, statsOf } from "./shared-entry.ts";
import { covers, elsewhere, isMeant, keyOf, type Learned, readTcp, type Wanted } from "./wanted.ts";

export interface SharingOptions {
  readonly logger: Logger | undefined;
  readonly runtime: "process" | "thread";
  /** The public addresses were chosen by `--listen`, a configuration or systemd. */
  readonly isGiven: boolean;
  readonly owner: SocketOwner;
  readonly backlog: number | undefined;
  /** See `bindAddresses`. */
  readonly retryForMs: number;
}

type ListenRequest = Extract<ToSupervisor, { readonly brood: "listen" }>;

/** A program may listen some time after its worker is ready. */
const UNUSED_AFTER_ROLL_MS = 3_000;
/** So long does a program that looks for a free port listen on it. */
const PROBE_WITHIN_MS = 2_000;

export class SharedListeners {
  readonly #options: SharingOptions;
  readonly #handoff: Handoff;
  readonly #entries: Map<string, SharedEntry> = new Map();
  readonly #learning: Learning = new Learning();
  #service: Service | null = null;
  #failure: PoolError | null = null;
  #unused: NodeJS.Timeout | undefined;
  #isStopping = false;
  readonly #said = new Set<string>();

  constructor(handoff: Handoff, options: SharingOptions) {
    this.#handoff = handoff;
    this.#options = options;
  }

  /** Before the service starts. */
  attach(service: Service): void {
    this.#service = service;
    service.on("worker:exited", ({ worker }) => {
      for (const { users } of this.#entries.values()) users.delete(worker);
    });
    service.on("roll:ended", ({ result }) => {
      if (result !== "completed" || this.#isStopping) return;
      clearTimeout(this.#unused);
      this.#unused = setTimeout(() => this.#closeUnused(), UNUSED_AFTER_ROLL_MS).unref();
    });
  }

  get learned(): Learned {
    return this.#learning.learned;
  }

  /** Why the program's own public address could not be opened: more than the worker can say. */
  get failure(): PoolError | null {
    return this.#failure;
  }

  /** Brood's own, then those of the program that are public. */
  get addresses(): readonly string[] {
    const own = [...this.#entries.values()].filter(({ isPublic }) => isPublic);
    return [...this.#handoff.addresses, ...own.flatMap(({ socket }) => socket?.address ?? [])];
  }

  get stats(): ListenerStatsList {
    const ready = this.#service?.stats().ready ?? 0;
    return statsOf(this.#handoff.addresses, ready, [...this.#entries.values()]);
  }

  /** Paths of ours that clients do not find. */
  get unreachable(): readonly string[] {
    const sockets = [...this.#entries.values()].flatMap(({ socket }) => socket?.bound ?? []);
    return sockets.filter(({ holder }) => holder !== "ours").map(({ address }) => address);
  }

  /** True: it was about listening. */
  takeMessage(worker: WorkerId, payload: unknown): boolean {
    const message = readToSupervisor(payload);
    if (message === null) return false;
    if (message.brood === "listen") detached(this.#listen(worker, message), ignored);
    else if (message.brood === "unlisten") this.#unlisten(worker, message.id);
    else if (message.brood === "accepting") this.#handoff.accepting(worker, message.isAccepting);
    else if (message.brood === "elsewhere") this.#sayElsewhere(message);
    else this.#learning.learn(message);
    return true;
  }

  /** Nobody new connects to what is shared; resolves when the workers have taken what the kernel had accepted. */
  async stopping(patience: Patience): Promise<void> {
    this.#stop();
    const native = nativeSupport();
    const isTheirs = this.#handoff.kind === "connection";
    const sockets = [...this.#entries.values()].flatMap(({ socket, isPublic }) =>
      isPublic && isTheirs ? [] : (socket?.bound ?? []),
    );
    await endOfSockets(native.ok ? native.binding : null, sockets)(patience);
  }

  async release(): Promise<void> {
    this.#stop();
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(
      entries.map(({ opening }) =>
        opening.then(
          (socket) => socket.release(),
          () => undefined,
        ),
      ),
    );
  }

  #stop(): void {
    this.#isStopping = true;
    clearTimeout(this.#unused);
  }

  async #listen(worker: WorkerId, request: ListenRequest): Promise<void> {
    const { id, wanted, isPublic, addressOnly } = request;
    try {
      if (isPublic && this.#options.isGiven) return this.#answerGiven(worker, request);
      const entry = this.#entryOf(wanted, isPublic, request.backlog);
      const users = entry.users.get(worker) ?? new Set();
      entry.users.set(worker, users.add(id));
      const { address, bare } = await entry.opening;
      if (entry.isPublic && this.#handoff.kind === "connection") this.#answer(worker, id, address, []);
      else this.#answer(worker, id, address, addressOnly ? [] : [bare]);
    } catch (error) {
      const code = error instanceof PoolError ? String(error.details["errno"] ?? "EADDRINUSE") : "EINVAL";
      const message = error instanceof Error ? error.message : String(error);
      this.#send(worker, { brood: "not-listening", id, code, message });
    }
  }

  /** The program listens on Brood's own address again, or with a second server on one of several. */
  #answerGiven(worker: WorkerId, { id, wanted, addressOnly, isSecond }: ListenRequest): void {
    const { addresses } = this.#handoff;
    const index = Math.max(
      0,
      addresses.findIndex((address) => isMeant(address, wanted)),
    );
    const sockets = addressOnly ? [] : this.#handoff.socketsAgain(worker);
    this.#answer(worker, id, addresses[index] ?? "", isSecond ? sockets.slice(index, index + 1) : sockets);
  }

  #entryOf(wanted: Wanted, isPublic: boolean, backlog: number | null): SharedEntry {
    const key = keyOf(wanted);
    const own = this.#entries.get(key);
    const any = isPublic && own?.isPublic !== true ? this.#publicForAny(wanted) : undefined;
    const known = any ?? own ?? this.#otherFor(wanted, isPublic);
    if (known !== undefined) {
      if (isPublic && !known.isPublic) this.#makePublic(known);
      return known;
    }
    const opening = this.#open(key, wanted, isPublic, backlog);
    const entry: SharedEntry = { key, wanted, isPublic, opening, socket: null, users: new Map() };
    this.#entries.set(key, entry);
    const opened = opening.then((socket) => this.#opened(entry, socket));
    detached(opened, (error) => {
      this.#entries.delete(key);
      if (isPublic && error instanceof PoolError) this.#failure = error;
    });
    return entry;
  }

  /** For a public call that takes any port: a program that has found its own in use, by the workers before it, goes on there. */
  #publicForAny(wanted: Wanted): SharedEntry | undefined {
    if (wanted.kind !== "tcp" || wanted.port !== 0) return undefined;
    return [...this.#entries.values()].find(({ isPublic, socket }) => {
      const { port = 0 } = readTcp(socket?.address ?? "") ?? {};
      return isPublic && socket !== null && isMeant(socket.address, { ...wanted, port });
    });
  }

  /** One that serves what is wanted as well: on every interface, or on the port that was given for such a call before. A public
   *  call means a public address by its port. */
  #otherFor(wanted: Wanted, isPublic: boolean): SharedEntry | undefined {
    const port = this.#learning.learned.ports[keyOf(wanted)];
    const meant =
      wanted.kind !== "unix" && wanted.port === 0 && port !== undefined ? { ...wanted, port } : wanted;
    return [...this.#entries.values()].find(
      (each) =>
        covers(each.wanted, each.socket?.address ?? "", meant) ||
        (isPublic && each.isPublic && each.socket !== null && isMeant(each.socket.address, meant)),
    );
  }

  async #open(key: string, wanted: Wanted, isPublic: boolean, backlog: number | null): Promise<SharedSocket> {
    const { logger, owner, retryForMs, backlog: given } = this.#options;
    const options = {
      // A probe of another worker's may have the port for a moment longer.
      retryForMs: Math.max(retryForMs, this.#hasPort(wanted) ? PROBE_WITHIN_MS : 0),
      owner,
      backlog: given ?? backlog ?? BACKLOG_DEFAULT,
      handsDownNoDelay: isPublic,
      report: (...news: Parameters<typeof pathNews>) => logger?.warn(pathNews(...news)),
    };
    if (wanted.kind === "unix") return openShared(wanted, 0, options);
    if (wanted.port !== 0) return openShared(wanted, wanted.port, options);
    const before = this.#learning.learned.ports[key];
    if (before === undefined) return openShared(wanted, 0, options);
    // The port that earlier workers have; if somebody took it meanwhile, any other.
    return openShared(wanted, before, { ...options, retryForMs: 0 }).catch(() =>
      openShared(wanted, 0, options),
    );
  }

  #hasPort(wanted: Wanted): boolean {
    const end = wanted.kind === "unix" ? null : `:${wanted.port}`;
    return (
      end !== null && [...this.#entries.values()].some(({ socket }) => socket?.address.endsWith(end) === true)
    );
  }

  #opened(entry: SharedEntry, socket: SharedSocket): void {
    entry.socket = socket;
    const { wanted, isPublic } = entry;
    const port = Number(/:(\d+)$/.exec(socket.address)?.[1]);
    if (wanted.kind !== "unix" && wanted.port === 0) this.#learning.gave(entry.key, port);
    if (isPublic) this.#makePublic(entry);
    this.#options.logger?.info(`listens on ${socket.address}${isPublic ? "" : ", shared by the workers"}`);
    if (this.#isStopping) detached(socket.release(), ignored);
  }

  #makePublic(entry: SharedEntry): void {
    entry.isPublic = true;
    this.#failure = null;
    if (entry.socket?.bound != null) this.#handoff.serve(entry.socket.bound);
  }

  #unlisten(worker: WorkerId, id: number): void {
    for (const entry of this.#entries.values()) {
      const ids = entry.users.get(worker);
      if (ids?.delete(id) !== true) continue;
      if (ids.size === 0) entry.users.delete(worker);
      // A public one comes back with the worker's successor; clients wait for it.
      if (entry.users.size === 0 && !entry.isPublic) this.#close(entry);
      return;
    }
  }

  #closeUnused(): void {
    for (const entry of [...this.#entries.values()]) if (entry.users.size === 0) this.#close(entry);
  }

  #close(entry: SharedEntry): void {
    this.#entries.delete(entry.key);
    const closing = entry.opening.then(async (socket) => {
      if (entry.isPublic) this.#handoff.withdraw(socket.address);
      await socket.release();
      this.#options.logger?.info(`no longer listens on ${socket.address}: no worker does`);
    });
    detached(closing, ignored);
  }

  /** Each once. */
  #sayElsewhere({ wants, port }: Extract<ToSupervisor, { readonly brood: "elsewhere" }>): void {
    if (this.#said.has(wants)) return;
    this.#said.add(wants);
    const { logger, isGiven } = this.#options;
    logger?.info(elsewhere(wants, isGiven ? this.#handoff.addresses : null, port));
  }

  #answer(worker: WorkerId, id: number, address: string, sockets: readonly BareHandle[]): void {
    const shared = { brood: "listening", id, address, count: sockets.length } as const;
    if (sockets.length === 0) this.#send(worker, { ...shared, index: 0, fd: null, inode: null });
    const isThread = this.#options.runtime === "thread";
    for (const [index, bare] of sockets.entries()) {
      const { fd } = bare;
      if (isThread) this.#send(worker, { ...shared, index, fd, inode: fstatSync(fd).ino });
      else this.#send(worker, { ...shared, index, fd: null, inode: null }, bare);
    }
  }

  #send(worker: WorkerId, message: ToListener, handle?: BareHandle): void {
    this.#service?.post(worker, message, handle);
  }
}
