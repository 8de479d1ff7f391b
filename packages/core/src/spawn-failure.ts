// What the operating system meant by its errno when it started no process or thread. An errno alone misleads: ENOENT names
// Node's own path where the working directory is missing, and EAGAIN is a limit where EACCES is none. One table; for the
// errnos of a path it is looked at which of the two paths is meant, the working directory or Node itself.

import { accessSync, constants, statSync } from "node:fs";

export interface SpawnFailure {
  /** BROOD_RELEASE_NOT_FOUND: the release's folder cannot be entered, so that trying again is of no use. */
  readonly code: "BROOD_SPAWN_FAILED" | "BROOD_RELEASE_NOT_FOUND";
  /** What happened, and what to do. */
  readonly message: string;
}

/** Of a path, by errno: what is wrong with it. */
const PATHS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist any more",
  ENOTDIR: "is no folder, or lies below something that is none",
  EACCES: "must not be entered or run by this user",
  ELOOP: "leads through a circle of symlinks",
  ENAMETOOLONG: "is longer than a path may be",
  ENOTCONN: "lies on a file system that is not there any more",
  ESTALE: "lies on a network file system that has lost it",
  EIO: "cannot be read: the disk or the file system failed",
};

/** Not of a path, by errno: what it says, and what to do. */
const CAUSES: Readonly<Record<string, readonly [what: string, advice: string]>> = {
  EAGAIN: [
    "the limit on processes and threads is reached, of this user or of its container",
    "Raise it (ulimit -u, TasksMax, pids.max), or run fewer workers.",
  ],
  ENOMEM: [
    "there is no memory for another process",
    "Raise the memory limit, run fewer workers, or look for what takes the memory.",
  ],
  EMFILE: [
    "this process has as many descriptors open as it may",
    "Raise its limit (ulimit -n, LimitNOFILE), or look for what leaves descriptors open.",
  ],
  ENFILE: [
    "the machine has as many files open as it may",
    "Raise fs.file-max, or look for what leaves files open.",
  ],
  E2BIG: [
    "arguments and environment are larger than the system takes",
    "Shorten execArgv, env, or what this process itself has in its environment.",
  ],
  EPERM: [
    "the system forbids it",
    "Look at what confines this process: seccomp, AppArmor, SELinux, or a container's profile.",
  ],
  ENOEXEC: [
    "Node's own file cannot be run here",
    "Install the Node of this machine's kind, and start again.",
  ],
  ETXTBSY: ["Node's own file is being written to", "Wait until it is installed, and start again."],
  EBADF: [
    "a socket that was to go along is closed",
    "Close no descriptor that this process has not opened itself.",
  ],
  ENOSYS: ["this kernel has no such call", "Use spawn: fresh, or a newer kernel."],
  EINVAL: ["an argument is none that the system takes", "Look at execArgv and env."],
};

/** By Node's own codes: what to do. */
const NODE_CAUSES: Readonly<Record<string, string>> = {
  ERR_WORKER_INVALID_EXEC_ARGV:
    "Take what is no flag of a thread out of execArgv: those of the process count for its threads, limits of the heap are resourceLimits.",
};

const UNKNOWN = "Look at the limits on processes, memory and descriptors.";

/** @param folder  the working directory that the process was to have; null: none of its own */
export function explainSpawnFailure(thrown: unknown, folder: string | null): SpawnFailure {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const errno = errnoOf(thrown, text);
  if (errno !== null && errno in PATHS) {
    const ofFolder = folder === null ? null : troubleWith(folder, true);
    if (ofFolder !== null)
      return {
        code: "BROOD_RELEASE_NOT_FOUND",
        message: `its working directory ${folder} ${ofFolder} (${text}). Bring it back, or restart to a release whose folder is there.`,
      };
    const ofNode = troubleWith(process.execPath, false);
    if (ofNode !== null)
      return failed(
        `Node itself, ${process.execPath}, ${ofNode} (${text}). Start the server anew with a Node that is there.`,
      );
    return failed(`${text}: a path ${PATHS[errno]}. Look at the file system, and at what execArgv names.`);
  }
  const [what, advice] = (errno === null ? undefined : CAUSES[errno]) ?? [null, null];
  if (what !== null) return failed(`${text}: ${what}. ${advice}`);
  const known = NODE_CAUSES[codeOf(thrown)];
  if (known !== undefined) return failed(`${text}. ${known}`);
  // What explains itself ends as a sentence.
  return failed(/[.!]$/.test(text) ? text : `${text}. ${UNKNOWN}`);
}

function failed(message: string): SpawnFailure {
  return { code: "BROOD_SPAWN_FAILED", message };
}

/** Node's `code`, else a word of the message: threads and forks say it there. */
function errnoOf(thrown: unknown, text: string): string | null {
  const words = [codeOf(thrown), ...(text.match(/\bE[A-Z0-9]{2,}\b/g) ?? [])];
  return words.find((word) => word in PATHS || word in CAUSES) ?? null;
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
}

/** What is wrong with a path by now; null: nothing. */
function troubleWith(path: string, isFolder: boolean): string | null {
  try {
    const stats = statSync(path);
    if (isFolder && !stats.isDirectory()) return "is no folder";
    accessSync(path, constants.X_OK);
    return null;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return PATHS[code] ?? `cannot be looked at (${code})`;
  }
}
