import { describe, expect, it } from "vitest";
import { scaleTarget } from "../../src/scale-target.ts";

describe("scale target", () => {
  it.each([
    ["8", 8],
    [8, 8],
    ["+2", 6],
    ["-3", 1],
  ])("reads %j beside 4 wanted workers as %i", (value, target) => {
    expect(scaleTarget(value, 4)).toBe(target);
  });

  it.each(["", "x", "1.5", "--1", "0", 0, -1, 1.5, "10001", null, undefined, "-4", "-5"])(
    "refuses %j",
    (value) => {
      expect(() => scaleTarget(value, 4)).toThrowError(
        /^option workers: got .*, expected a whole number from 1 to 10000, or a change such as \+1 or -1/,
      );
    },
  );
});
