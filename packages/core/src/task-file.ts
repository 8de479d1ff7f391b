// What a task file may import: `@brood/core/tasks`. Small, since every worker loads it.

export { defineTasks, type TaskFunction, type TaskFunctionContext } from "./tasks/task-types.ts";
export { move } from "./worker/movable.ts";
