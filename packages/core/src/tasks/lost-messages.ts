// A message that could not be read at its other end: a transferred buffer that was gone, a value nested deeper than the reader's
// stack. What was in it nobody knows. So the worker is asked which tasks it holds; what it was sent, has not answered and does
// not hold was lost on the way, there or back. One that was alone in its message is to blame; those that went together are sent
// again, each in a message of its own.

import { ASK } from "../link/task-protocol.ts";
import type { Ledger } from "./ledger.ts";
import type { PoolTask } from "./pool-task.ts";
import { notCloneable } from "./task-errors.ts";
import type { Member } from "./task-team.ts";

const WHY = "it cannot be read at the other end";

/** Either end could not read something. */
export function askWhatIsHeld({ link, load }: Member): void {
  if (load !== null) link.send([ASK, load.lastSeq], []);
}

/** The worker's answer. @returns those that go back to the queue */
export function settleLost(
  { link, load }: Member,
  ledger: Ledger,
  upTo: number,
  held: readonly number[],
): readonly PoolTask[] {
  const has = new Set(held);
  const back: PoolTask[] = [];
  for (const task of [...(load?.outstanding.values() ?? [])] as PoolTask[]) {
    if (task.seq > upTo || has.has(task.seq)) continue;
    load?.remove(task.seq);
    if (task.state === "settled") continue;
    const hasBegun = link.hasBegun(task) !== false;
    if (hasBegun) ledger.fail(task, notCloneable("result", task.name, WHY));
    else if (task.wentAlone) ledger.fail(task, notCloneable("task", task.name, WHY));
    else {
      task.suspicions += 1;
      back.push(task);
    }
  }
  return back;
}
