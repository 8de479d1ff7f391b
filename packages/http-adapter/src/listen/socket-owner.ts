// Who may connect to a unix socket: its file's mode and owner, for a proxy that runs as another user. They are set before
// the socket appears at its path, so there is no moment in which somebody else could connect.

import { promises as fs, readFileSync } from "node:fs";
import { badOption, PoolError } from "@brood/core/errors";

export interface SocketOwner {
  /** Null: by the umask. */
  readonly mode: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
}

export const BY_UMASK: SocketOwner = { mode: null, uid: null, gid: null };

const MODE_MAX = 0o7777;

/** @throws PoolError BROOD_BAD_OPTION */
export function readSocketOwner(mode: unknown, owner: unknown): SocketOwner {
  return { mode: readMode(mode), ...readOwner(owner) };
}

/** @throws PoolError BROOD_ADDRESS_UNAVAILABLE */
export async function applyOwner(path: string, shown: string, owner: SocketOwner): Promise<void> {
  try {
    if (owner.uid !== null || owner.gid !== null) await fs.chown(path, owner.uid ?? -1, owner.gid ?? -1);
    if (owner.mode !== null) await fs.chmod(path, owner.mode);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new PoolError(
      "BROOD_ADDRESS_UNAVAILABLE",
      `address ${shown}: its owner or mode cannot be set (${code}): only root gives a file to another user; a group must be one of this user's.`,
      { details: { address: shown, errno: code }, cause },
    );
  }
}

function readMode(value: unknown): number | null {
  if (value === undefined) return null;
  const mode = typeof value === "string" && /^[0-7]{3,4}$/.test(value) ? Number.parseInt(value, 8) : value;
  if (typeof mode === "number" && Number.isInteger(mode) && mode >= 0 && mode <= MODE_MAX) return mode;
  throw badOption("socketMode", value, 'permissions such as 0o660, or the octal text "660"');
}

function readOwner(value: unknown): Pick<SocketOwner, "uid" | "gid"> {
  if (value === undefined) return { uid: null, gid: null };
  const match = typeof value === "string" ? /^(?<user>[\w.-]*)(?::(?<group>[\w.-]+))?$/.exec(value) : null;
  if (match === null || value === "")
    throw badOption("socketOwner", value, '"user", "user:group" or ":group"');
  const { user, group } = match.groups ?? {};
  return {
    uid: user ? idOf("/etc/passwd", user, value) : null,
    gid: group ? idOf("/etc/group", group, value) : null,
  };
}

/** Node has no getpwnam. A name that only a directory service knows can be written as a number. */
function idOf(file: "/etc/passwd" | "/etc/group", name: string, value: unknown): number {
  if (/^\d+$/.test(name)) return Number(name);
  const line = readFileSync(file, "utf8")
    .split("\n")
    .find((each) => each.startsWith(`${name}:`));
  const id = line?.split(":")[2];
  if (id !== undefined) return Number(id);
  throw badOption("socketOwner", value, `a name that is in ${file}, or a number (${name} is not there)`);
}
