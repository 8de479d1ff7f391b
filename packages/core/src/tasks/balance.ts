// The user's own load balancer, as piscina calls it: a task and the workers that can begin it now, and one of them back. One that
// fails has the least busy worker chosen, as without it.

import type { CallbackGuard } from "../callbacks.ts";
import type { PoolTask } from "./pool-task.ts";
import type { BalancedWorker, TaskPoolOptions } from "./pool-types.ts";
import type { WorkerLoad } from "./worker-load.ts";

type LoadBalancer = NonNullable<TaskPoolOptions["loadBalancer"]>;

/** Of what it gives: a worker, null for none now, undefined when it has failed. */
export function balancerOf(
  choose: LoadBalancer,
  guard: CallbackGuard,
): (task: PoolTask, open: readonly WorkerLoad[]) => WorkerLoad | null | undefined {
  return (task, open) => {
    const views = new Map<BalancedWorker, WorkerLoad>(open.map((load) => [viewOf(load), load]));
    return guard.ask<WorkerLoad | null | undefined>("loadBalancer", () => choose(task, [...views.keys()]), {
      read: (chosen) =>
        chosen === null || chosen === undefined ? null : views.get(chosen as BalancedWorker),
      accepted: "one of the workers that it was given, or null",
      fallback: undefined,
      instead: "The least busy worker gets the task.",
    });
  };
}

function viewOf(load: WorkerLoad): BalancedWorker {
  return {
    id: load.worker,
    currentUsage: load.outstanding.size,
    get isRunningAbortableTask() {
      for (const task of load.outstanding.values() as Iterable<PoolTask>) if (task.isAbortable) return true;
      return false;
    },
  };
}
