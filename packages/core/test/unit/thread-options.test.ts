import { describe, expect, it } from "vitest";
import { checkRuntime } from "../../src/thread-options.ts";

describe("the runtime", () => {
  it("is a process unless told otherwise, and threads have limits of their own", () => {
    expect(checkRuntime({})).toEqual({ runtime: "process", resourceLimits: {} });
    const limits = { maxOldGenerationSizeMb: 64, stackSizeMb: 0.5 };
    expect(checkRuntime({ runtime: "thread", resourceLimits: limits })).toEqual({
      runtime: "thread",
      resourceLimits: limits,
    });
  });

  it.each([
    [{ runtime: "fiber" }, 'option runtime: got "fiber", expected "process" or "thread"'],
    [
      { resourceLimits: { stackSizeMb: 4 } },
      'option resourceLimits: got an object, expected none unless runtime is "thread"',
    ],
    [
      { runtime: "thread", spawn: "template" },
      'option spawn: got "template", expected "fresh" while runtime is "thread": a thread cannot be forked',
    ],
    [
      { runtime: "thread", resourceLimits: { maxOldGenerationSizeMb: 0 } },
      "option resourceLimits.maxOldGenerationSizeMb: got 0, expected a number from 0.1",
    ],
    [
      { runtime: "thread", resourceLimits: { maxHeap: 1 } },
      "option resourceLimits.maxHeap: got 1, expected one of maxOldGenerationSizeMb",
    ],
    [
      { runtime: "thread", resourceLimits: 64 },
      "option resourceLimits: got 64, expected an object of numbers",
    ],
  ])("refuses %j", (options, message) => {
    expect(() => Reflect.apply(checkRuntime, undefined, [options])).toThrowError(
      expect.objectContaining({ code: "BROOD_BAD_OPTION", message: expect.stringContaining(message) }),
    );
  });
});
