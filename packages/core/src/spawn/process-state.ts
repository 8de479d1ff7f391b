// Is a process stopped? A worker deep in a task and one that was stopped in it are equally silent; the kernel knows which is
// which. 't', held by a debugger, is no stop: whoever holds it there looks at it. Without /proc nobody tells, and a stopped
// process counts as one at work.

import { readFileSync } from "node:fs";

export function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Its name, in parentheses, may hold anything.
    return stat.charAt(stat.lastIndexOf(")") + 2) === "T";
  } catch {
    return false;
  }
}
