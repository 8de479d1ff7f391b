// Binds every address, or none: each socket is bound, then all are claimed (claim.ts), then unix paths appear.
// A failure at any step releases what was bound before. All unix paths are locked meanwhile (path-lock.ts), so that of
// several servers that start at once one has the path and the others are told. Only after an unclean death of our own
// predecessor is an address in use tried again for a while: its workers notice the loss and let go of the sockets within
// a second. Otherwise a second server on the same port is told at once.

import { lookup } from "node:dns/promises";
import { setTimeout as delay } from "node:timers/promises";
import { explainSpawnFailure, PoolError } from "@brood/core/errors";
import { describeAddress, formatAddress, type ListenAddress } from "./addresses.ts";
import { BACKLOG_DEFAULT, backlogOf } from "./backlog.ts";
import { addressFailure } from "./bind-failure.ts";
import { claimSockets } from "./claim.ts";
import { KeptPath, type PathHolder, type ReportPath } from "./kept-path.ts";
import { inheritsNoDelay } from "./no-delay.ts";
import { lockPath, lockPaths } from "./path-lock.ts";
import {
  adoptDescriptor,
  type BareHandle,
  type BindResult,
  type BoundHandle,
  bindTcp,
  setNoDelay,
} from "./server-handle.ts";
import { BY_UMASK, type SocketOwner } from "./socket-owner.ts";
import { type OwnedPath, pathOfDescriptor, unlinkOwned } from "./unix-path.ts";
import { bindUnixPath, type UnixDraft } from "./unix-socket.ts";

/** A listening socket that this process owns and never accepts from. */
export interface BoundSocket {
  readonly descriptor: number;
  /** libuv's handle of it. */
  readonly bare: BareHandle;
  /** With the real port: `tcp://127.0.0.1:41233`, `unix:/run/app.sock`, `fd:3`. */
  readonly address: string;
  /** What all who listen on it have to say: the option's, or what an inherited socket has. Null: as they like. */
  readonly backlog: number | null;
  /** A unix path that is removed is put back from now on, until the release; `report` is told. */
  keep(report: ReportPath): Promise<void>;
  /** Who has the unix path, as far as it is kept. */
  readonly holder: PathHolder;
  /** Somebody else opened it, and goes on with it when this server has stopped. */
  readonly isInherited: boolean;
  /** A unix path is unlinked if it still is ours: nobody new finds the socket. */
  unpublish(): Promise<void>;
  /** Closes it, unpublished. */
  release(): Promise<void>;
}

/** A socket that is bound, but not yet reachable. */
interface DraftSocket extends BoundSocket {
  readonly wanted: ListenAddress;
  /** Puts a unix socket at its path. */
  publish(): Promise<void>;
  /** As `release`, by whoever has the path's lock. */
  undo(): Promise<void>;
}

export interface BindOptions {
  /** Of unix sockets; default by the umask. */
  readonly owner?: SocketOwner;
  readonly backlog?: number | undefined;
  /** Connections come with TCP_NODELAY, where that can be; default true. */
  readonly handsDownNoDelay?: boolean;
}

interface CheckedBindOptions {
  readonly owner: SocketOwner;
  readonly backlog: number | null;
  readonly handsDownNoDelay: boolean;
}

/** Each try takes 25-70 ms itself; a shorter pause would only burn the CPU that the dying workers need. */
const RETRY_PAUSE_MS = 50;

/** @param retryForMs  0, or how long an address in use is tried again.
 *  @throws PoolError BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE; nothing stays bound then. */
export function bindAddresses(
  addresses: readonly ListenAddress[],
  retryForMs: number,
  { owner = BY_UMASK, backlog, handsDownNoDelay = true }: BindOptions = {},
): Promise<readonly BoundSocket[]> {
  return claimWithin(retryForMs, () =>
    bindOnce(addresses, { owner, backlog: backlog ?? null, handsDownNoDelay }),
  );
}

/** Tries again for so long while an address is in use. */
export async function claimWithin<Value>(retryForMs: number, attempt: () => Promise<Value>): Promise<Value> {
  const giveUpAtMs = performance.now() + retryForMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const isInUse = error instanceof PoolError && error.code === "BROOD_ADDRESS_IN_USE";
      if (!isInUse || performance.now() + RETRY_PAUSE_MS > giveUpAtMs) throw error;
    }
    await delay(RETRY_PAUSE_MS);
  }
}

/** How long a stop waits for a path that somebody else is about to take. */
const RELEASE_WAIT_MS = 1_000;

async function bindOnce(
  addresses: readonly ListenAddress[],
  { owner, backlog, handsDownNoDelay }: CheckedBindOptions,
): Promise<readonly BoundSocket[]> {
  const locks = await lockPaths(addresses.flatMap((each) => (each.kind === "unix" ? each.path : [])));
  const drafts: DraftSocket[] = [];
  try {
    for (const address of addresses) drafts.push(await draft(address, owner, backlog));
    // Before anybody can connect: what is connected already would not have it.
    if (handsDownNoDelay && inheritsNoDelay(addresses)) for (const each of drafts) handDownNoDelay(each);
    await claim(drafts);
    for (const each of drafts) await each.publish();
    return drafts;
  } catch (error) {
    await Promise.all(drafts.map((each) => each.undo()));
    throw error;
  } finally {
    locks.release();
  }
}

function handDownNoDelay({ wanted, bare }: DraftSocket): void {
  const code = wanted.kind === "tcp" ? setNoDelay(bare) : null;
  if (code !== null) throw addressFailure(wanted, code);
}

async function claim(drafts: readonly DraftSocket[]): Promise<void> {
  const failure = await claimSockets(
    drafts.map(({ descriptor, backlog }) => ({ descriptor, backlog: backlog ?? BACKLOG_DEFAULT })),
  ).catch((cause: unknown) => {
    const { message } = explainSpawnFailure(cause, null);
    throw new PoolError("BROOD_SPAWN_FAILED", `could not claim the sockets: ${message}`, { cause });
  });
  const failed = failure === null ? undefined : drafts[failure.index];
  if (failure !== null && failed !== undefined) throw addressFailure(failed.wanted, failure.code);
}

function draft(address: ListenAddress, owner: SocketOwner, backlog: number | null): Promise<DraftSocket> {
  switch (address.kind) {
    case "tcp":
      return draftTcp(address, backlog);
    case "unix":
      return draftUnix(address, owner, backlog);
    case "fd":
      return Promise.resolve(draftInherited(address, backlog));
  }
}

/** Binds plainly and lets go: the real address, and that nobody else has it.
 *  @throws PoolError BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE */
export async function probeTcp(
  address: ListenAddress,
): Promise<{ readonly host: string; readonly port: number }> {
  if (address.kind !== "tcp") throw addressFailure(address, "EINVAL");
  const numeric = address.host === null ? null : await resolveHost(address, address.host);
  const handle = handleOf(address, bindTcp(numeric?.address ?? null, address.port, numeric?.family ?? 6));
  await handle.close();
  if (handle.name === null) throw addressFailure(address, "EADDRNOTAVAIL");
  return { host: handle.name.address, port: handle.name.port };
}

async function draftTcp(
  address: ListenAddress & { kind: "tcp" },
  backlog: number | null,
): Promise<DraftSocket> {
  const numeric = address.host === null ? null : await resolveHost(address, address.host);
  const bound = bindTcp(numeric?.address ?? null, address.port, numeric?.family ?? 6, address);
  return simpleDraft(address, handleOf(address, bound), backlog);
}

function draftInherited(address: ListenAddress & { kind: "fd" }, backlog: number | null): DraftSocket {
  const handle = handleOf(address, adoptDescriptor(address.fd));
  return simpleDraft(address, handle, backlog ?? backlogOf(handle.descriptor));
}

async function resolveHost(
  address: ListenAddress,
  host: string,
): Promise<{ readonly address: string; readonly family: 4 | 6 }> {
  const found = await lookup(host).catch((cause: unknown) => {
    throw new PoolError(
      "BROOD_ADDRESS_UNAVAILABLE",
      `address ${describeAddress(address)}: no address is known for the name ${host}. Write a numeric address.`,
      { details: { address: formatAddress(address) }, cause },
    );
  });
  return { address: found.address, family: found.family === 6 ? 6 : 4 };
}

async function draftUnix(
  address: ListenAddress & { kind: "unix" },
  owner: SocketOwner,
  backlog: number | null,
): Promise<DraftSocket> {
  const { path } = address;
  const { handle, publish, undo }: UnixDraft = await bindUnixPath(address, owner);
  let owned: OwnedPath | null = null;
  let kept: KeptPath | null = null;
  const withdraw = async (act: () => Promise<void>): Promise<void> => {
    await kept?.stop();
    const lock = await lockPath(path, RELEASE_WAIT_MS).catch(() => null);
    await act();
    lock?.release();
  };
  return {
    ...simpleDraft(address, handle, backlog),
    // Without the addon it is bound elsewhere first.
    address: formatAddress(address),
    get holder() {
      return kept?.holder ?? "ours";
    },
    publish: async () => {
      owned = await publish();
    },
    keep: async (report) => {
      if (owned !== null) kept = await KeptPath.keep(owned, report);
    },
    undo,
    unpublish: () => withdraw(async () => (owned === null ? undefined : unlinkOwned(owned))),
    release: () => withdraw(undo),
  };
}

function simpleDraft(wanted: ListenAddress, handle: BoundHandle, backlog: number | null): DraftSocket {
  const { name } = handle;
  const path = name === null ? pathOfDescriptor(handle.descriptor) : null;
  const other: ListenAddress = path === null ? wanted : { kind: "unix", path };
  const real: ListenAddress = name === null ? other : { kind: "tcp", host: name.address, port: name.port };
  return {
    wanted,
    descriptor: handle.descriptor,
    bare: handle.bare,
    address: formatAddress(real),
    backlog,
    holder: "ours",
    keep: () => Promise.resolve(),
    isInherited: wanted.kind === "fd",
    publish: () => Promise.resolve(),
    unpublish: () => Promise.resolve(),
    undo: () => handle.close(),
    release: () => handle.close(),
  };
}

function handleOf(address: ListenAddress, result: BindResult): BoundHandle {
  if (!result.ok) throw addressFailure(address, result.code);
  return result.handle;
}
