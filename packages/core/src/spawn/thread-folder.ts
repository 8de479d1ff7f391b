// A process has one working directory for all its threads, so two generations cannot each have theirs. In a thread
// `process.cwd()` and what asks it (path.resolve) answer the release's folder (worker/thread-main.ts); a relative path that
// goes to the system as it is (fs.readFile("x")) is looked up in the process's. Where the process is the service's own,
// it goes to each release that a thread is started for, so that what code reads while it loads is its own. A host's is never
// touched: then it is said.

import { realpathSync } from "node:fs";
import type { Release } from "../machine/names.ts";

/** Before a thread of the release is started.
 *  @throws an error that says what to do when there is no working directory: Node starts no thread then */
export function enterFolder(
  { folder }: Release,
  { isOwnProcess, warn }: { readonly isOwnProcess: boolean; readonly warn: (message: string) => void },
): void {
  const here = workingDirectory();
  if (here === folder) return;
  if (isOwnProcess) return process.chdir(folder);
  // A sentence: whoever reports it has nothing to add.
  if (here === null)
    throw new Error(
      "the working directory of this process has been removed, and Node starts no thread without one. Call process.chdir() with a folder that exists.",
    );
  warn(
    `threads of ${folder} share the working directory of this process, ${here}: process.cwd() and path.resolve() answer the former, a relative path given to fs is looked up in the latter. Use absolute paths, or runtime "process".`,
  );
}

function workingDirectory(): string | null {
  try {
    return realpathSync(process.cwd());
  } catch {
    return null;
  }
}
