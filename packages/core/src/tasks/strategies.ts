// The strategies of a pool, by its runtime and spawn.

import { templateBinding } from "../native/index.ts";
import type { Strategies } from "../ports/strategies.ts";
import type { TaskPlane } from "../ports/task-link.ts";
import type { TemplateStrategy } from "../ports/template-strategy.ts";
import { processArguments, type TaskSpawnOptions } from "../spawn/task-options.ts";
import { createTaskProcessStrategy } from "../spawn/task-process.ts";
import { createTaskTemplateStrategy, TASK_HOST, taskHostData } from "../spawn/task-template.ts";
import { createTaskThreadStrategy } from "../spawn/task-thread.ts";
import { createTemplateStrategy } from "../spawn/template/template-strategy.ts";
import type { CheckedPoolOptions } from "./pool-options.ts";

/** Of templates the first also serves while one is being built again. @throws PoolError BROOD_TEMPLATE_UNSUPPORTED */
export function strategiesOf(checked: CheckedPoolOptions, workerData: unknown, plane: TaskPlane): Strategies {
  const options = spawnOptionsOf(checked, workerData);
  if (checked.runtime === "worker_threads")
    return { strategy: createTaskThreadStrategy(options, plane), templates: null };
  const templates = checked.spawn === "template" ? templatesOf(options, plane) : null;
  return { strategy: createTaskProcessStrategy(options, plane), templates };
}

function spawnOptionsOf(checked: CheckedPoolOptions, workerData: unknown): TaskSpawnOptions {
  const { poolName, heartbeatIntervalMs, env, execArgv, resourceLimits, concurrency, name, recycleTasks } =
    checked;
  // Often enough that a limit is noticed when it is reached, seldom enough to cost nothing.
  const beatEachTasks = recycleTasks === null ? null : Math.max(1, Math.floor(recycleTasks / 20));
  const tasks = { concurrency, defaultName: name, workerData, beatEachTasks };
  return { name: poolName, heartbeatIntervalMs, env, execArgv, resourceLimits, workerData, tasks };
}

function templatesOf(options: TaskSpawnOptions, plane: TaskPlane): TemplateStrategy {
  const { name, heartbeatIntervalMs, env } = options;
  const templates = createTemplateStrategy(
    {
      name,
      heartbeatIntervalMs,
      env: wholeEnvironment(env),
      execArgv: processArguments(options),
      host: TASK_HOST,
      hostData: taskHostData(options),
      compileCache: true,
      stdout: "inherit",
      stderr: "inherit",
      unsafe: "refuse",
      hold: true,
    },
    templateBinding(),
  );
  return createTaskTemplateStrategy(templates, plane);
}

/** A service's `env` is added to the host's; a pool's is the whole: what it does not name is taken away. */
function wholeEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const none = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  return { ...none, ...env };
}
