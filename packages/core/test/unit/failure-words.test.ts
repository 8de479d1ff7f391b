import { expect, it } from "vitest";
import { withoutRepeat } from "../../src/errors.ts";

const MESSAGE = "worker=w1 slot=0 gen=1 failed to boot: database unreachable";

it.each([
  [
    "what stderr says already is cut off",
    MESSAGE,
    "Error: database unreachable\n    at x",
    "worker=w1 slot=0 gen=1 failed to boot",
  ],
  ["nothing is lost that stands nowhere else", MESSAGE, "", MESSAGE],
  ["nor where stderr says something else", MESSAGE, "Error: another\n", MESSAGE],
  ["a cause of two lines", "failed to boot: a\nb", "Error: a\nb\n", "failed to boot"],
  ["an error without words", "failed to boot: ", "Error\n", "failed to boot: "],
  [
    "a message without a cause",
    "exited before it was ready",
    "exited before it was ready",
    "exited before it was ready",
  ],
])("%s", (_, message, stderr, said) => {
  expect(withoutRepeat(message, stderr)).toBe(said);
});
