// One unix address bound, in the steps of bind.ts. The caller has the path's lock from the first look to the last step.

import { formatAddress, type ListenAddress } from "./addresses.ts";
import { addressFailure } from "./bind-failure.ts";
import { adoptDescriptor, type BindResult, type BoundHandle, bindUnix } from "./server-handle.ts";
import { applyOwner, type SocketOwner } from "./socket-owner.ts";
import {
  bindAtPath,
  checkPathLength,
  hiddenPath,
  inspectPath,
  type OwnedPath,
  ownedPath,
  publishPath,
  refuseTaken,
  unlinkOwned,
} from "./unix-path.ts";

export interface UnixDraft {
  readonly handle: BoundHandle;
  /** It is at its path when this resolves; called when it listens. */
  publish(): Promise<OwnedPath>;
  /** Takes it away again, if it still is ours, and closes it. */
  undo(): Promise<void>;
}

/** All bits; the umask takes some away. */
const MODE_BY_UMASK = 0o777;

/** @throws PoolError BROOD_BAD_OPTION, BROOD_ADDRESS_IN_USE, BROOD_ADDRESS_UNAVAILABLE; nothing stays bound then. */
export async function bindUnixPath(
  address: ListenAddress & { readonly kind: "unix" },
  owner: SocketOwner,
): Promise<UnixDraft> {
  const { path } = address;
  checkPathLength("listen", path);
  const state = await inspectPath(path).catch((error: unknown) => {
    throw addressFailure(address, codeOf(error));
  });
  refuseTaken("address", path, state);
  const descriptor = await bindAtPath(path, state, owner.mode ?? MODE_BY_UMASK).catch((error: unknown) => {
    throw addressFailure(address, codeOf(error));
  });
  if (descriptor === null) return bindHidden(address, owner);
  const handle = handleOf(address, adoptDescriptor(descriptor));
  let owned: OwnedPath | null = null;
  const undo = async (): Promise<void> => {
    if (owned !== null) await unlinkOwned(owned);
    await handle.close();
  };
  try {
    const made = await ownedPath(path);
    owned = made;
    await applyOwner(path, formatAddress(address), owner);
    return { handle, publish: async () => made, undo };
  } catch (error) {
    await undo();
    throw error;
  }
}

async function bindHidden(
  address: ListenAddress & { readonly kind: "unix" },
  owner: SocketOwner,
): Promise<UnixDraft> {
  const hidden = await hiddenPath("listen", address.path).catch((error: unknown) => {
    throw error instanceof Error && "syscall" in error ? addressFailure(address, codeOf(error)) : error;
  });
  const bound = bindUnix(hidden.path);
  if (!bound.ok) await hidden.remove();
  const handle = handleOf(address, bound);
  let owned: OwnedPath | null = null;
  return {
    handle,
    publish: async () => {
      await applyOwner(hidden.path, formatAddress(address), owner);
      const made = await publishPath("address", hidden.path, address.path);
      owned = made;
      await hidden.remove();
      return made;
    },
    undo: async () => {
      if (owned !== null) await unlinkOwned(owned);
      await handle.close();
      await hidden.remove();
    },
  };
}

function handleOf(address: ListenAddress, result: BindResult): BoundHandle {
  if (result.ok) return result.handle;
  throw addressFailure(address, result.code);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "EINVAL";
}
