// The types of a task file, read from its exports: `createTaskPool<typeof import("./tasks.js")>` checks names, inputs and
// results of `run`. Without a type argument everything is `any`-like: names are strings, inputs and results unknown.

import type { TaskSurroundings } from "../worker/task-context.ts";

/** What a task function gets as its second parameter. */
export interface TaskFunctionContext extends TaskSurroundings {
  /** Aborts when the caller's signal does or the task's time is up; end soon then. */
  readonly signal: AbortSignal;
}

/** A function of a task file. Its input and result cross threads: what structured clone can carry. */
export type TaskFunction<Input = never, Output = unknown> = (
  task: Input,
  context: TaskFunctionContext,
) => Output;

type Callable = (...values: never[]) => unknown;

/** The exports, with those of an object as default export beside them. */
type Exports<Tasks> = Tasks extends { readonly default: infer Default }
  ? Default extends Callable
    ? Tasks
    : Omit<Tasks, "default"> & Default
  : Tasks;

type FunctionNames<Tasks> = {
  [Name in keyof Tasks]: Awaited<Tasks[Name]> extends Callable ? Name : never;
}[keyof Tasks];

export type NamesOf<Tasks> = unknown extends Tasks ? string : FunctionNames<Exports<Tasks>> & string;

type TaskOf<Tasks, Name> = Name extends keyof Exports<Tasks> ? Awaited<Exports<Tasks>[Name]> : never;

export type InputOf<Tasks, Name> = unknown extends Tasks
  ? unknown
  : TaskOf<Tasks, Name> extends (...values: infer Values) => unknown
    ? Values extends readonly [infer Input, ...unknown[]]
      ? Input
      : // biome-ignore lint/suspicious/noConfusingVoidType: a task without input is run with run(undefined).
        undefined | void
    : never;

export type OutputOf<Tasks, Name> = unknown extends Tasks
  ? unknown
  : TaskOf<Tasks, Name> extends (...values: never[]) => infer Output
    ? Awaited<Output>
    : never;

/** Names the functions of a task file and types their context:
 *  `export default defineTasks({ resize: async (image: Uint8Array, { signal }) => … })`. */
export function defineTasks<const Tasks extends Readonly<Record<string, TaskFunction>>>(tasks: Tasks): Tasks {
  return tasks;
}
