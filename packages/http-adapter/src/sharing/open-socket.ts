// One socket of the supervisor's for what a program listens on beside Brood's own addresses: bound and listening, never
// accepted or read from. Workers get copies.

import dgram from "node:dgram";
import { once } from "node:events";
import { PoolError } from "@brood/core/errors";
import type { ListenAddress } from "../listen/addresses.ts";
import { type BindOptions, type BoundSocket, bindAddresses } from "../listen/bind.ts";
import type { ReportPath } from "../listen/kept-path.ts";
import type { BareHandle } from "../listen/server-handle.ts";
import { stateOf } from "./datagram-state.ts";
import type { Wanted } from "./wanted.ts";

export interface SharedSocket {
  /** With the real port: `tcp://127.0.0.1:9100`, `unix:/run/app.sock`, `udp://127.0.0.1:53`. */
  readonly address: string;
  readonly bare: BareHandle;
  /** Null of UDP. */
  readonly bound: BoundSocket | null;
  release(): Promise<void>;
}

export interface OpenOptions extends BindOptions {
  readonly retryForMs: number;
  readonly report: ReportPath;
}

/** @param port  in the place of port 0. @throws PoolError BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE */
export async function openShared(wanted: Wanted, port: number, options: OpenOptions): Promise<SharedSocket> {
  if (wanted.kind === "udp") return openDatagrams({ ...wanted, port });
  const address: ListenAddress =
    wanted.kind === "unix"
      ? { kind: "unix", path: wanted.path }
      : { kind: "tcp", host: wanted.host, port, ...(wanted.ipv6Only && { ipv6Only: true }) };
  const [bound] = await bindAddresses([address], options.retryForMs, options);
  if (bound === undefined) throw new TypeError("bindAddresses bound nothing");
  await bound.keep(options.report);
  return { address: bound.address, bare: bound.bare, bound, release: () => bound.release() };
}

/** Bound as by a program, and never read from: what comes waits for a worker. */
async function openDatagrams(wanted: Extract<Wanted, { readonly kind: "udp" }>): Promise<SharedSocket> {
  const { family, host, port, ipv6Only, reuseAddr } = wanted;
  const shown = `udp ${host ?? "*"}:${port}`;
  const socket = dgram.createSocket({ type: family === 6 ? "udp6" : "udp4", ipv6Only, reuseAddr });
  socket.once("listening", () => void stateOf(socket)?.handle?.recvStop?.());
  socket.bind({ port, exclusive: true, ...(host !== null && { address: host }) });
  await once(socket, "listening").catch((error: unknown) => {
    throw unavailable(shown, error instanceof Error && "code" in error ? String(error.code) : "EINVAL");
  });
  const bare = stateOf(socket)?.handle;
  if (bare == null) throw unavailable(shown, "ENOSYS");
  const real = socket.address();
  const address = real.address.includes(":") ? `[${real.address}]` : real.address;
  return {
    address: `udp://${address}:${real.port}`,
    bare,
    bound: null,
    release: () => new Promise((resolve) => void socket.close(resolve)),
  };
}

function unavailable(address: string, errno: string): PoolError {
  const code = errno === "EADDRINUSE" ? "BROOD_ADDRESS_IN_USE" : "BROOD_ADDRESS_UNAVAILABLE";
  return new PoolError(code, `address ${address} cannot be used (${errno}).`, {
    details: { address, errno },
  });
}
