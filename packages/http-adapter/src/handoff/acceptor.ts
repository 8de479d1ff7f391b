// Accepts for a supervisor that does not serve. Natively: the listening descriptor is watched, and each time it is ready
// up to a batch of connections is taken in one call, as bare descriptors. Without the addon: libuv's bare handle, the
// way node:cluster does it, one connection a callback.
// Rule: pausing leaves connections in the kernel's queue; that is the back-pressure.

import { type Binding, READABLE, type Watch } from "@brood/core/native";
import { BACKLOG_DEFAULT } from "../listen/backlog.ts";
import { acceptOnHandle, type BareHandle } from "../listen/server-handle.ts";
import type { Passable } from "./channels.ts";

export interface Accepted extends Passable {
  close(): void;
}

export interface Acceptor {
  /** Accepts or leaves waiting. */
  pause(isPaused: boolean): void;
  close(): void;
}

export interface AcceptorSink {
  /** How many may be accepted now. */
  room(): number;
  /** At least one. */
  accepted(connections: readonly Accepted[]): void;
  /** EMFILE and its like: the connections wait in the kernel. */
  failed(error: Error): void;
}

/** One turn of the loop takes so many at the most, so that signals and control requests are never far behind. */
const BATCH = 64;

/** Out of descriptors: they come back when connections end. */
const RETRY_MS = 50;

/** Watches a copy of the descriptor: the original belongs to a handle of libuv. */
export function nativeAcceptor(binding: Binding, descriptor: number, sink: AcceptorSink): Acceptor {
  const fd = binding.duplicate(descriptor);
  let isOpen = true;
  let isPaused = false;
  let retry: NodeJS.Timeout | undefined;
  const change = (): void => {
    if (isOpen) binding.watchChange(watch, isPaused || retry !== undefined ? 0 : READABLE);
  };
  const rest = (error: unknown): void => {
    retry ??= setTimeout(() => {
      retry = undefined;
      change();
    }, RETRY_MS);
    retry.unref();
    change();
    sink.failed(error instanceof Error ? error : new Error(String(error)));
  };
  const watch: Watch = binding.watchStart(fd, READABLE, () => {
    const room = Math.min(BATCH, sink.room());
    if (room <= 0) return;
    try {
      const accepted = binding.acceptMany(fd, room);
      if (accepted.length > 0) sink.accepted(accepted.map((each) => new NativeConnection(binding, each)));
    } catch (error) {
      rest(error);
    }
  });
  return {
    pause(paused) {
      if (paused === isPaused) return;
      isPaused = paused;
      change();
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      clearTimeout(retry);
      binding.watchStop(watch);
      binding.close(fd);
    },
  };
}

export class NativeConnection implements Accepted {
  readonly fd: number;
  readonly handle = null;
  readonly #binding: Binding;

  constructor(binding: Binding, fd: number) {
    this.fd = fd;
    this.#binding = binding;
  }

  close(): void {
    this.#binding.close(this.fd);
  }
}

/** Takes what libuv accepts. It cannot be paused there: what is too much is held, and refused in time. */
export function handleAcceptor(handle: BareHandle, backlog: number | null, sink: AcceptorSink): Acceptor {
  let isOpen = true;
  const failure = acceptOnHandle(handle, backlog ?? BACKLOG_DEFAULT, (connection) => {
    if (!isOpen) connection.close();
    else sink.accepted([{ fd: connection.fd, handle: connection, close: () => connection.close() }]);
  });
  if (failure !== null) sink.failed(new Error(`could not accept: ${failure}`));
  return {
    pause: () => {},
    close() {
      isOpen = false;
    },
  };
}
