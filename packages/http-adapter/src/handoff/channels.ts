// The supervisor's ends of the channels over which sockets travel: one for each worker, opened when it is ordered.
// Natively a socket pair of its own, which the worker inherits: many descriptors in one message, and the control plane
// is not on the way. Without the addon the engine's IPC channel: one handle a message, acknowledged by Node itself.
// The bare handle of libuv is sent and not a net.Socket: Node would start to read from that one, and close it on its own.

import { fstatSync } from "node:fs";
import type { PassedSocket, Service } from "@brood/core";
import { type Binding, createFramedLink, type FramedLink } from "@brood/core/native";
import { Mismatch } from "@brood/core/wire";
import {
  decodeFromWorker,
  encode,
  type FromWorker,
  fromWorker,
  isEnvelope,
  LINK_ROLE,
  type ToWorker,
} from "./messages.ts";
import type { WorkerId } from "./names.ts";

/** Something a worker can be given: a descriptor, and libuv's handle of it where the IPC channel is used. */
export interface Passable {
  readonly fd: number;
  readonly handle: object | null;
}

export interface Channels {
  /** Makes the worker's channel. What is returned goes with the worker. */
  open(worker: WorkerId): readonly PassedSocket[];
  /** False when the worker is beyond reach; its end will be reported. */
  send(worker: WorkerId, message: ToWorker, passed: readonly Passable[]): boolean;
  /** The worker has gone. Calls back when its last word has been read: what it took before its end must not be given
   *  to another one. */
  finish(worker: WorkerId, finished: () => void): void;
  closeAll(): void;
}

/** @param descriptors  what came along, now the receiver's; some may be missing, if this process may open no more */
export type ReceiveFromWorker = (
  worker: WorkerId,
  message: FromWorker,
  descriptors: readonly number[],
) => void;

/** The worker's end is closed, and nobody has said yet that the worker has gone: it can be given nothing more. */
export type ChannelLost = (worker: WorkerId) => void;

/** What it sent is none of its messages. */
export type ChannelBroken = (worker: WorkerId, detail: string) => void;

interface NativeChannel {
  readonly link: FramedLink;
  /** The worker's end, which we hold until it has its own copy. */
  theirs: number | null;
  finished: (() => void) | null;
}

/** A dead process's end of a socket is closed by the kernel; should something else hold it open, it is not waited for. */
const LAST_WORD_WITHIN_MS = 1_000;

export class NativeChannels implements Channels {
  readonly #binding: Binding;
  readonly #receive: ReceiveFromWorker;
  readonly #lost: ChannelLost;
  readonly #broken: ChannelBroken;
  readonly #lends: boolean;
  readonly #channels: Map<WorkerId, NativeChannel> = new Map();

  constructor(
    binding: Binding,
    receive: ReceiveFromWorker,
    {
      lost = () => {},
      broken = () => {},
      lends = false,
    }: { readonly lost?: ChannelLost; readonly broken?: ChannelBroken; readonly lends?: boolean } = {},
  ) {
    this.#binding = binding;
    this.#receive = receive;
    this.#lost = lost;
    this.#broken = broken;
    this.#lends = lends;
  }

  open(worker: WorkerId): readonly PassedSocket[] {
    const [ours, theirs] = this.#binding.socketPair();
    const frame = (payload: Buffer, descriptors: readonly number[]): void => {
      this.#letGo(worker);
      this.#read(worker, payload, descriptors);
    };
    const link = createFramedLink(this.#binding, ours, {
      frame,
      cutOff: frame,
      ended: (error) => this.#ended(worker, error),
    });
    this.#channels.set(worker, { link, theirs, finished: null });
    return [{ role: LINK_ROLE, fd: theirs, address: null }];
  }

  send(worker: WorkerId, message: ToWorker, passed: readonly Passable[]): boolean {
    const descriptors = passed.map(({ fd }) => fd);
    return this.#channels.get(worker)?.link.send(encode(message), descriptors) ?? false;
  }

  finish(worker: WorkerId, finished: () => void): void {
    const channel = this.#channels.get(worker);
    if (channel === undefined) return finished();
    this.#letGo(worker);
    const patience = setTimeout(() => this.#close(worker), LAST_WORD_WITHIN_MS);
    channel.finished = () => {
      clearTimeout(patience);
      finished();
    };
  }

  closeAll(): void {
    for (const worker of [...this.#channels.keys()]) this.#close(worker);
  }

  #read(worker: WorkerId, payload: Buffer, descriptors: readonly number[]): void {
    let message: FromWorker;
    try {
      message = decodeFromWorker(payload);
      refuseForeign(message, descriptors, this.#lends);
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      this.#binding.closeMany(descriptors);
      return this.#broken(worker, error.message);
    }
    this.#receive(worker, message, descriptors);
  }

  #ended(worker: WorkerId, error: Error | null): void {
    if (error !== null) this.#broken(worker, error.message);
    const wasExpected = (this.#channels.get(worker)?.finished ?? null) !== null;
    this.#close(worker);
    if (!wasExpected) this.#lost(worker);
  }

  #close(worker: WorkerId): void {
    const channel = this.#channels.get(worker);
    this.#letGo(worker);
    channel?.link.close();
    this.#channels.delete(worker);
    channel?.finished?.();
  }

  #letGo(worker: WorkerId): void {
    const channel = this.#channels.get(worker);
    if (channel === undefined || channel.theirs === null) return;
    this.#binding.close(channel.theirs);
    channel.theirs = null;
  }
}

/** `Service.post`. */
type Post = (worker: WorkerId, payload: unknown, handle?: unknown) => boolean;

class IpcChannels implements Channels {
  readonly #post: Post;

  constructor(post: Post) {
    this.#post = post;
  }

  open(): readonly PassedSocket[] {
    return [];
  }

  send(worker: WorkerId, message: ToWorker, passed: readonly Passable[]): boolean {
    if (passed.length === 0) return this.#post(worker, { broodHandoff: message });
    return passed
      .map(({ handle }, index) => {
        const each = message.type === "Adopt" ? { ...message, index } : message;
        return this.#post(worker, { broodHandoff: each }, handle ?? undefined);
      })
      .every((isSent) => isSent);
  }

  /** Its messages came over the channel whose end has been reported already. */
  finish(_worker: WorkerId, finished: () => void): void {
    finished();
  }

  closeAll(): void {}
}

/** The best there is here: a socket pair for each worker, or what the engine has. */
export function channelsOf(
  binding: Binding | null,
  service: Service,
  receive: ReceiveFromWorker,
  { lost = () => {}, lends }: { readonly lost?: ChannelLost; readonly lends: boolean },
): Channels {
  if (binding === null)
    return new IpcChannels((worker, payload, handle) => service.post(worker, payload, handle));
  const broken = brokenFor(service);
  return new NativeChannels(binding, receive, {
    broken,
    lends,
    lost: (worker) => {
      lost(worker);
      replaceUnlessLeaving(service, worker);
    },
  });
}

/** @returns whether it was a message of ours; else it is the application's */
export function takeMessage(
  service: Service | null,
  worker: WorkerId,
  payload: unknown,
  receive: ReceiveFromWorker,
): boolean {
  if (!isEnvelope(payload)) return false;
  let message: FromWorker;
  try {
    message = fromWorker(payload.broodHandoff);
    refuseForeign(message, [], false);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    if (service !== null) brokenFor(service)(worker, error.message);
    return true;
  }
  receive(worker, message, []);
  return true;
}

function brokenFor(service: Service): ChannelBroken {
  return (worker, detail) => service.reportViolation(worker, `over its channel for connections: ${detail}`);
}

/** Nothing reaches it any more. One that drains needs nothing, and one that dies is about to be reported. */
function replaceUnlessLeaving(service: Service, worker: WorkerId): void {
  const patience = setTimeout(() => {
    const state = service.stats().workers.find((each) => each.worker === worker)?.state;
    if (state === undefined || state === "draining") return;
    service.reportViolation(worker, "it closed its channel for connections and went on running");
  }, LAST_WORD_WITHIN_MS);
  patience.unref();
}

/** @throws Mismatch for numbers of this process's own descriptors where none were lent, and for what is no connection */
function refuseForeign(message: FromWorker, descriptors: readonly number[], lends: boolean): void {
  if (message.type === "PassOnLent" && !lends)
    throw new Mismatch("PassOnLent: a worker that is no thread knows no descriptors of this process");
  if (message.type !== "PassOn" && message.type !== "PassOnLent") return;
  const passed = message.type === "PassOn" ? descriptors : message.descriptors;
  if (passed.length > message.tokens.length || message.pasts.length > message.tokens.length)
    throw new Mismatch(`${message.type}: ${message.tokens.length} tokens for ${passed.length} connections`);
  for (const fd of passed)
    if (!isSocket(fd)) throw new Mismatch(`${message.type}: a descriptor that is no socket`);
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}
