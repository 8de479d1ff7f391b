// The user's own load balancer, as piscina calls it: a task and the workers that can begin it now, and one of them back.

import type { PoolTask } from "./pool-task.ts";
import type { BalancedWorker, TaskPoolOptions } from "./pool-types.ts";
import type { WorkerLoad } from "./worker-load.ts";

type LoadBalancer = NonNullable<TaskPoolOptions["loadBalancer"]>;

export function balancerOf(
  choose: LoadBalancer,
): (task: PoolTask, open: readonly WorkerLoad[]) => WorkerLoad | null {
  return (task, open) => {
    const views = new Map<BalancedWorker, WorkerLoad>(open.map((load) => [viewOf(load), load]));
    const chosen = choose(task, [...views.keys()]);
    return chosen === null ? null : (views.get(chosen) ?? null);
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
