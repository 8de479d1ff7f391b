// A bound socket in the supervisor that never accepts. The one place that touches Node's internals.
// `net.Server` cannot be used here: it always accepts, and the supervisor must not take a single connection. So the
// bare handle under it is created with `net._createServerHandle`, undocumented but what node:cluster itself stands
// on (checked on Node 20, 22, 24 and 26). Its descriptor is inherited by workers, which `listen({ fd })` on it.
// libuv keeps EADDRINUSE of bind(2) to itself until listen(2) or getsockname(2), and leaves the socket unbound. It must
// be asked for: an unbound socket that is inherited and listened on gets a free port from the kernel, silently.

import net from "node:net";
import { getSystemErrorName } from "node:util";
import { detached, ignored } from "@brood/core/callbacks";

/** What of the handle is used. */
interface ServerHandle extends BareHandle {
  getsockname?(out: SocketName): number;
  close(callback: () => void): void;
}

/** A libuv handle as Node has it inside: opaque but for what is used here. */
export interface BareHandle {
  readonly fd: number;
  close(callback?: () => void): void;
}

/** Of a child_process handle and of what an accepting one gives. */
interface AcceptingHandle extends BareHandle {
  onconnection?: (status: number, connection: BareHandle | undefined) => void;
  listen(backlog: number): number;
}

interface SocketName {
  address?: string;
  port?: number;
}

export interface BoundHandle {
  readonly descriptor: number;
  /** What child_process can send, and net.Server can listen on. */
  readonly bare: BareHandle;
  /** Real address and port; null for a unix socket. */
  readonly name: { readonly address: string; readonly port: number } | null;
  /** Why a TCP socket has no name. */
  readonly nameFailure: string | null;
  close(): Promise<void>;
}

/** A handle, or the name of the operating system's error. */
export type BindResult =
  | { readonly ok: true; readonly handle: BoundHandle }
  | { readonly ok: false; readonly code: string };

/** `address` must be numeric; null is every interface, IPv6 and IPv4 where there is both. */
export function bindTcp(
  address: string | null,
  port: number,
  family: 4 | 6,
  { ipv6Only = false }: { readonly ipv6Only?: boolean } = {},
): BindResult {
  const result = create(
    address ?? (ipv6Only ? "::" : null),
    port,
    family,
    undefined,
    ipv6Only ? IPV6_ONLY : 0,
  );
  if (!result.ok || result.handle.name !== null) return result;
  detached(result.handle.close(), ignored);
  return { ok: false, code: result.handle.nameFailure ?? "EADDRINUSE" };
}

/** The path must be at most 107 bytes long: libuv cuts a longer one silently. */
export function bindUnix(path: string): BindResult {
  return create(path, -1, -1);
}

/** Takes over an inherited descriptor, which must be a stream socket. */
export function adoptDescriptor(descriptor: number): BindResult {
  return create(null, null, null, descriptor);
}

/** libuv's handle of an accepted connection; null when the descriptor cannot be used. */
export type AdoptConnection = (descriptor: number) => BareHandle | null;

/** For servers whose connections are all of one kind: what `adoptDescriptor` finds out of the first (class and kind of
 *  handle, with six system calls) is true of the others.  @param addresses  of the server, as `brood` prints them */
export function connectionAdopter(addresses: readonly string[]): AdoptConnection {
  const isOfOneKind = ["tcp://", "unix:"].some((kind) => addresses.every((each) => each.startsWith(kind)));
  let Handle: ConnectionHandleClass | null = null;
  return (descriptor) => {
    if (Handle !== null) {
      const handle = new Handle(CONNECTION);
      return handle.open(descriptor) < 0 ? null : handle;
    }
    const result = adoptDescriptor(descriptor);
    if (!result.ok) return null;
    const { bare } = result.handle;
    if (isOfOneKind && isConnectionHandleClass(bare.constructor)) Handle = bare.constructor;
    return bare;
  };
}

/** SOCKET of Node's TCP and Pipe alike (src/tcp_wrap.h and src/pipe_wrap.h; looked up in Node 20, 22, 24 and 26). */
const CONNECTION = 0;

interface ConnectionHandle extends BareHandle {
  /** @returns 0, or a negative errno */
  open(descriptor: number): number;
}

type ConnectionHandleClass = new (kind: number) => ConnectionHandle;

function isConnectionHandleClass(value: unknown): value is ConnectionHandleClass {
  return typeof value === "function" && typeof Reflect.get(value.prototype, "open") === "function";
}

/** UV_TCP_IPV6ONLY of libuv. */
const IPV6_ONLY = 1;

/** UV_TCP_REUSEPORT of libuv 1.49 (Node 22.12); `address` must be numeric. */
const REUSEPORT_FLAG = 2;

/** Binds with SO_REUSEPORT, without the addon. */
export function bindTcpReuseport(address: string, port: number): BindResult {
  const result = create(address, port, net.isIPv6(address) ? 6 : 4, undefined, REUSEPORT_FLAG);
  if (!result.ok || result.handle.name !== null) return result;
  detached(result.handle.close(), ignored);
  return { ok: false, code: result.handle.nameFailure ?? "EADDRINUSE" };
}

/** Lets libuv accept on a bound handle, as node:cluster does. @returns the operating system's code, or null. */
export function acceptOnHandle(
  bare: BareHandle,
  backlog: number,
  accepted: (connection: BareHandle) => void,
): string | null {
  if (!isAccepting(bare)) return "ENOSYS";
  bare.onconnection = (status, connection) => {
    if (status === 0 && connection !== undefined) accepted(connection);
  };
  const failure = bare.listen(backlog);
  return failure === 0 ? null : getSystemErrorName(failure);
}

/** Of a TCP socket. @returns the operating system's code, or null. */
export function setNoDelay(bare: BareHandle): string | null {
  const set: unknown = Reflect.get(bare, "setNoDelay");
  if (typeof set !== "function") return "ENOSYS";
  const failure: unknown = Reflect.apply(set, bare, [true]);
  return typeof failure === "number" && failure !== 0 ? getSystemErrorName(failure) : null;
}

/** The client's numeric address, "" when it has none. */
export function peerOfHandle(handle: object | null): string {
  const getpeername: unknown = handle === null ? undefined : Reflect.get(handle, "getpeername");
  const out: SocketName = {};
  if (typeof getpeername === "function") Reflect.apply(getpeername, handle, [out]);
  return out.address ?? "";
}

function isAccepting(handle: BareHandle): handle is AcceptingHandle {
  return typeof Reflect.get(handle, "listen") === "function";
}

function create(...parameters: readonly unknown[]): BindResult {
  const createServerHandle: unknown = Reflect.get(net, "_createServerHandle");
  if (typeof createServerHandle !== "function") return { ok: false, code: "ENOSYS" };
  const handle: unknown = Reflect.apply(createServerHandle, net, parameters);
  if (typeof handle === "number") return { ok: false, code: getSystemErrorName(handle) };
  if (!isServerHandle(handle)) return { ok: false, code: "ENOSYS" };
  return { ok: true, handle: wrap(handle) };
}

function isServerHandle(value: unknown): value is ServerHandle {
  return typeof value === "object" && value !== null && "fd" in value && "close" in value;
}

function wrap(handle: ServerHandle): BoundHandle {
  let closing: Promise<void> | null = null;
  return {
    descriptor: handle.fd,
    bare: handle,
    ...nameOf(handle),
    close: () => {
      closing ??= new Promise((resolve) => handle.close(resolve));
      return closing;
    },
  };
}

function nameOf(handle: ServerHandle): Pick<BoundHandle, "name" | "nameFailure"> {
  const out: SocketName = {};
  const failure = handle.getsockname?.(out) ?? 0;
  if (failure !== 0) return { name: null, nameFailure: getSystemErrorName(failure) };
  const { address, port } = out;
  // A bound TCP socket has a port; a unix socket has no name that Node would tell.
  const isNamed = address !== undefined && port !== undefined && port !== 0;
  return { name: isNamed ? { address, port } : null, nameFailure: null };
}
