// The sockets of `reuseport`: for each slot one on every address, all with SO_REUSEPORT, made and kept here.
// Whoever is on the port without SO_REUSEPORT is noticed by binding it plainly first: a second server must be told, and
// not quietly share the port (a reuseport bind of the same user would succeed).
// With the addon they listen at once, so that their order in the kernel's list is known and it can be steered; without
// it (Node 22.12 and newer bind with a flag of libuv) they listen when a worker serves them, and are never closed early.

import { detached, ignored } from "@brood/core/callbacks";
import { badOption, PoolError } from "@brood/core/errors";
import { type Binding, nativeSupport } from "@brood/core/native";
import { formatAddress, type ListenAddress } from "../listen/addresses.ts";
import { BACKLOG_DEFAULT } from "../listen/backlog.ts";
import { probeTcp } from "../listen/bind.ts";
import { addressFailure } from "../listen/bind-failure.ts";
import { bindTcpReuseport } from "../listen/server-handle.ts";
import type { Passable } from "./channels.ts";

export interface OwnedSocket extends Passable {
  close(): void;
}

/** One address that every slot has a socket on. */
export interface SharedPort {
  readonly wanted: ListenAddress;
  readonly host: string;
  readonly port: number;
  /** `tcp://127.0.0.1:41233` */
  readonly address: string;
}

export type Backend =
  | { readonly kind: "native"; readonly binding: Binding }
  | { readonly kind: "flag"; readonly reason: string };

/** @throws PoolError BROOD_BAD_OPTION naming the alternatives, where `reuseport` cannot work. */
export function reuseportBackend(addresses: readonly ListenAddress[]): Backend {
  const other = addresses.find(({ kind }) => kind !== "tcp");
  const alternatives = `"listener" (any socket) or "connection" (any socket, spread by the supervisor)`;
  if (other !== undefined) {
    throw badOption(
      "handoff",
      "reuseport",
      `${alternatives} for ${formatAddress(other)}: SO_REUSEPORT shares TCP ports only`,
    );
  }
  if (process.platform !== "linux") {
    throw badOption(
      "handoff",
      "reuseport",
      `${alternatives} on ${process.platform}: SO_REUSEPORT spreads connections on Linux only`,
    );
  }
  const native = nativeSupport();
  if (native.ok) return { kind: "native", binding: native.binding };
  if (canBindByFlag(process.versions.node)) return { kind: "flag", reason: native.reason };
  throw badOption(
    "handoff",
    "reuseport",
    `${alternatives} here: it needs the native addon or Node 22.12 and newer, and ${native.reason}`,
  );
}

export function canBindByFlag(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

/** Finds out the real address and that nobody else has it. @throws PoolError BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE */
export async function claimPort(wanted: ListenAddress): Promise<SharedPort> {
  const { host, port } = await probeTcp(wanted);
  return { wanted, host, port, address: formatAddress({ kind: "tcp", host, port }) };
}

/** @throws PoolError BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE */
export function openSocket(
  backend: Backend,
  { wanted, host, port }: SharedPort,
  backlog: number = BACKLOG_DEFAULT,
): OwnedSocket {
  if (backend.kind === "flag") {
    const result = bindTcpReuseport(host, port);
    if (!result.ok) throw addressFailure(wanted, result.code);
    const { handle } = result;
    return { fd: handle.descriptor, handle: handle.bare, close: () => detached(handle.close(), ignored) };
  }
  const { binding } = backend;
  try {
    const [fd] = binding.bindReuseport(host, port, backlog, false);
    return { fd, handle: null, close: () => binding.close(fd) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "EINVAL";
    if (code === "EMFILE" || code === "ENFILE") {
      throw new PoolError("BROOD_SPAWN_FAILED", `no descriptor is left for a slot's socket (${code})`, {
        cause: error,
      });
    }
    throw addressFailure(wanted, code);
  }
}
