// The types of `run` come from the task file's exports; checked by `tsc -p tsconfig.test.json`, which CI runs.

import { describe, expectTypeOf, it } from "vitest";
import type { TaskPool } from "../../../src/tasks/pool-types.ts";
import { defineTasks } from "../../../src/tasks/task-types.ts";

const file = {
  default: (count: number) => count + 1,
  shout: async (text: string) => text.toUpperCase(),
  later: Promise.resolve((flag: boolean) => (flag ? 1 : "one")),
  nothing: () => {},
  constant: 5,
};

const defined = {
  default: defineTasks({
    resize: async (image: Uint8Array, { signal }) => (signal.aborted ? null : image.byteLength),
  }),
};

type Run<Tasks> = TaskPool<Tasks>["run"];

describe("types of run", () => {
  it("know names, inputs and results", () => {
    const check = (run: Run<typeof file>, defineRun: Run<typeof defined>, untyped: Run<unknown>) => {
      expectTypeOf(run(1)).resolves.toBeNumber();
      expectTypeOf(run("a", { name: "shout" })).resolves.toBeString();
      expectTypeOf(run(true, { name: "later" })).resolves.toEqualTypeOf<1 | "one">();
      expectTypeOf(run(undefined, { name: "nothing" })).resolves.toBeVoid();
      expectTypeOf(defineRun(new Uint8Array(1), { name: "resize" })).resolves.toEqualTypeOf<number | null>();
      expectTypeOf(untyped({ any: "thing" }, { name: "whatever" })).resolves.toBeUnknown();
      // @ts-expect-error: the default export takes a number
      run("one");
      // @ts-expect-error: no such function
      run("a", { name: "whisper" });
      // @ts-expect-error: not a function
      run("a", { name: "constant" });
      // @ts-expect-error: shout takes a string
      run(5, { name: "shout" });
    };
    expectTypeOf(check).toBeFunction();
  });
});
