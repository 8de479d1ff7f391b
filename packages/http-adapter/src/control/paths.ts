// Where a server's control socket is, so that `brood status` finds what `brood server.js` has opened, also from a shell with
// another environment: a service of systemd's has no XDG_RUNTIME_DIR where the administrator's shell has one, and `su` and
// `sudo` leave another user's. It is `<runtime dir>/brood-<uid>/<name>.sock`. The server takes the first runtime folder of the
// list below that it may use; a client looks in all of them, and last in the kernel's own list of sockets.
// Such a folder may be everybody's (the temporary one): the folder in it must be a real one of this user, closed to others,
// or someone else could have put a socket of his own there. Root looks in those of other users too.

import { accessSync, constants, promises as fs, mkdirSync, readdirSync, type Stats, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { PoolError } from "@brood/core/errors";
import { boundPaths, isCode } from "../listen/unix-path.ts";

const FOLDER_MODE = 0o700;
const OTHERS_BITS = 0o077;
const ROOTS_FOLDER = "/run/brood";
const USERS_FOLDER = "/run/user";

/** What the places depend on. */
export interface Whereabouts {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function whereabouts(): Whereabouts {
  return { uid: userId(), env: process.env };
}

/** Where a server puts its socket:
 *  1. $RUNTIME_DIRECTORY, which systemd makes for a service
 *  2. $XDG_RUNTIME_DIR, where somebody has set it to another folder than the system's own
 *  3. as root /run/brood
 *  4. /run/user/<uid>, whether or not the environment names it
 *  5. the temporary folder
 *  Passed over: what is not there, or belongs to another user. */
export function controlPath(name: string, who: Whereabouts = whereabouts()): string {
  return join(runtimeFolder(who), `brood-${who.uid}`, `${name}.sock`);
}

function runtimeFolder({ uid, env }: Whereabouts): string {
  const given = env["XDG_RUNTIME_DIR"];
  const own = join(USERS_FOLDER, String(uid));
  const isUsual = given === undefined || resolve(given) === own;
  if (uid === 0) makeRootsFolder();
  const folders = [
    serviceFolder(env),
    isUsual ? undefined : given,
    uid === 0 ? ROOTS_FOLDER : undefined,
    own,
  ];
  return folders.find((folder) => folder !== undefined && isOurs(folder, uid)) ?? tmpdir();
}

/** Every path at which the server of this name may be, the likeliest first. */
export function controlPaths(name: string, who: Whereabouts = whereabouts()): readonly string[] {
  const { uid, env } = who;
  const own = `brood-${uid}`;
  const folders = [
    serviceFolder(env),
    env["XDG_RUNTIME_DIR"],
    ROOTS_FOLDER,
    // RuntimeDirectory=<name>
    join("/run", name),
    join(USERS_FOLDER, String(uid)),
    tmpdir(),
    "/tmp",
  ].flatMap((folder) => folder || []);
  const users = uid === 0 ? entriesOf(USERS_FOLDER).map((user) => join(USERS_FOLDER, user)) : [];
  const inFolders = [...folders, ...users].flatMap((folder) => {
    const subfolders = uid === 0 ? entriesOf(folder).filter((entry) => /^brood-\d+$/.test(entry)) : [];
    return [own, ...subfolders].map((subfolder) => join(folder, subfolder, `${name}.sock`));
  });
  const plain = join(ROOTS_FOLDER, `${name}.sock`);
  return [...new Set([...inFolders, plain, ...listedByKernel(name)])];
}

/** Makes the default folder, or takes the one there is. @throws PoolError BROOD_CONTROL_FAILED when it is not ours alone. */
export async function prepareControlFolder(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await fs.mkdir(folder, { mode: FOLDER_MODE });
  } catch (cause) {
    if (!isCode(cause, "EEXIST")) throw unusable(folder, describe(cause), cause);
  }
  const stats = await fs.lstat(folder).catch((cause: unknown) => {
    throw unusable(folder, describe(cause), cause);
  });
  const reason = distrust(folder, stats, userId());
  if (reason !== null) throw unusable(folder, reason);
  if ((stats.mode & OTHERS_BITS) !== 0) await fs.chmod(folder, FOLDER_MODE);
}

/** Why a client must not believe what is in a folder; null when it may. */
export function distrust(folder: string, stats: Stats, uid: number): string | null {
  if (!stats.isDirectory()) return "it is no folder";
  if (stats.uid === uid) return null;
  // A user's own folder is that user's, whoever looks.
  const isItsUsers = basename(folder) === `brood-${stats.uid}` || resolve(folder) === ROOTS_FOLDER;
  return uid === 0 && isItsUsers ? null : `it belongs to user ${stats.uid}`;
}

/** Bound somewhere else, as with $XDG_RUNTIME_DIR or RuntimeDirectory= of one's own. */
function listedByKernel(name: string): readonly string[] {
  try {
    const paths = boundPaths().map(({ path }) => path);
    return paths.filter((path) => basename(path) === `${name}.sock` && /\/brood-\d+\/[^/]+$/.test(path));
  } catch {
    return [];
  }
}

/** systemd gives a list when the unit names several. */
function serviceFolder(env: Whereabouts["env"]): string | undefined {
  return env["RUNTIME_DIRECTORY"]?.split(":")[0] || undefined;
}

function makeRootsFolder(): void {
  try {
    mkdirSync(ROOTS_FOLDER, { mode: 0o755 });
  } catch {
    // It is there, or there is no /run to write to: then another folder is taken.
  }
}

function isOurs(folder: string, uid: number): boolean {
  try {
    const stats = statSync(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    return stats.isDirectory() && stats.uid === uid;
  } catch {
    return false;
  }
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function userId(): number {
  return process.geteuid?.() ?? 0;
}

function unusable(folder: string, reason: string, cause?: unknown): PoolError {
  const message = `folder ${folder} cannot hold the control socket: ${reason}. Give another path with --control.`;
  return new PoolError("BROOD_CONTROL_FAILED", message, { details: { folder }, cause });
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
