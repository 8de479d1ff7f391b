// The worker's end of the channel over which sockets come (handoff/channels.ts is the supervisor's). Natively a socket
// pair that this process has inherited; without the addon the engine's IPC channel, with one handle a message.
// The end of the channel means the same as the message End: nothing more will come.

import { closeSync } from "node:fs";
import { PoolError } from "@brood/core/errors";
import { createFramedLink, type FramedLink, nativeSupport, outOfDescriptors } from "@brood/core/native";
import { type HostOrder, leaveBrokenLink } from "@brood/core/worker";
import {
  decodeToWorker,
  encode,
  type FromWorker,
  isEnvelope,
  LINK_ROLE,
  type ToWorker,
  toWorker,
} from "../handoff/messages.ts";
import { type AdoptConnection, adoptDescriptor, type BareHandle } from "../listen/server-handle.ts";

/** Something that came: a descriptor, or libuv's handle. It is the receiver's. */
export type Received =
  | { readonly fd: number; readonly handle: null }
  | { readonly fd: null; readonly handle: BareHandle };

export interface HandoffChannel {
  /** False when it could not be sent. Descriptors are copied: they stay the caller's. */
  send(message: FromWorker, descriptors?: readonly number[]): boolean;
  /** From the IPC channel. True when it was ours. */
  take(payload: unknown, handle: unknown): boolean;
}

export type ReceiveFromSupervisor = (message: ToWorker, received: readonly Received[]) => void;

export interface ChannelEnds {
  /** Some connections of a message were dropped: this process may open no more. The others are the receiver's. */
  readonly refuse: (received: readonly Received[]) => void;
  /** Nothing can be sent or received any more. */
  readonly lost: () => void;
}

/** @throws PoolError BROOD_BOOT_FAILED when the addon, which the supervisor has, is not there. */
export function openHandoffChannel(
  order: HostOrder,
  receive: ReceiveFromSupervisor,
  ends: ChannelEnds,
): HandoffChannel {
  const link = order.sockets.find(({ role }) => role === LINK_ROLE);
  if (link === undefined) return ipcChannel(order, receive);
  return nativeChannel(order.ownSocket(link.fd), receive, ends);
}

function nativeChannel(
  fd: number,
  receive: ReceiveFromSupervisor,
  { refuse, lost }: ChannelEnds,
): HandoffChannel {
  const native = nativeSupport();
  if (!native.ok) {
    throw new PoolError("BROOD_BOOT_FAILED", `this worker cannot receive sockets: ${native.reason}`);
  }
  const decode = (payload: Buffer): ToWorker => believed(() => decodeToWorker(payload));
  const end = (error: Error | null): void => {
    receive({ type: "End" }, []);
    lost();
    // A worker that nothing reaches any more, and that looks well: it ends loudly, and is replaced.
    if (error !== null) throw unreachable(error);
  };
  const link: FramedLink = createFramedLink(native.binding, fd, {
    frame: (payload, descriptors) => receive(decode(payload), descriptors.map(bare)),
    cutOff(payload, descriptors, dropped) {
      const { type } = decode(payload);
      if (type === "Connections") return refuse(descriptors.map(bare));
      for (const each of descriptors) closeSync(each);
      // Without its page a worker tells what it counts; without a slot's sockets it would let clients wait for ever.
      if (type !== "Adopt") return;
      link.close();
      end(outOfDescriptors(dropped));
    },
    ended: end,
  });
  // Whether this process goes on is for the engine's link to say.
  link.unref();
  link.send(encode({ type: "Open" }));
  return { send: (message, descriptors) => link.send(encode(message), descriptors), take: () => false };
}

function bare(fd: number): Received {
  return { fd, handle: null };
}

/** What came, or the end of this worker. */
function believed(decode: () => ToWorker): ToWorker {
  try {
    return decode();
  } catch (error) {
    return leaveBrokenLink(`over the channel for connections: ${String(error)}`);
  }
}

function unreachable(error: Error): PoolError {
  const why =
    "code" in error && error.code === "EMFILE"
      ? "it may open no more descriptors (EMFILE). Raise `ulimit -n`, or look for what the application leaves open"
      : error.message;
  return new PoolError("BROOD_PROTOCOL", `this worker can receive no more connections: ${why}.`, {
    cause: error,
  });
}

function ipcChannel(order: HostOrder, receive: ReceiveFromSupervisor): HandoffChannel {
  return {
    send(message) {
      order.post({ broodHandoff: message });
      return true;
    },
    take(payload, handle) {
      if (!isEnvelope(payload)) return false;
      receive(
        believed(() => toWorker(payload.broodHandoff)),
        isBareHandle(handle) ? [{ fd: null, handle }] : [],
      );
      return true;
    },
  };
}

/** libuv's handle of a descriptor; null when it is none that can be used any more. */
export function handleOfReceived(received: Received): BareHandle | null {
  if (received.handle !== null) return received.handle;
  const adopted = adoptDescriptor(received.fd);
  if (adopted.ok) return adopted.handle.bare;
  closeSync(received.fd);
  return null;
}

/** As `handleOfReceived`, for one of very many. */
export function handleOfConnection(received: Received, adopt: AdoptConnection): BareHandle | null {
  if (received.handle !== null) return received.handle;
  const handle = adopt(received.fd);
  if (handle === null) closeSync(received.fd);
  return handle;
}

/** Maps the page that the supervisor has sent. @returns null where this is not possible */
export function pageOf(received: Received): ArrayBuffer | null {
  const native = nativeSupport();
  if (received.fd === null || !native.ok) return null;
  const { binding } = native;
  try {
    return binding.pageMap(received.fd);
  } catch {
    return null;
  } finally {
    binding.close(received.fd);
  }
}

function isBareHandle(value: unknown): value is BareHandle {
  return typeof value === "object" && value !== null && "fd" in value && "close" in value;
}
