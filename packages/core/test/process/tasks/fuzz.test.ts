// The fuzzer of task pools, for a few seconds: values × outcomes × runtimes.
import { it } from "vitest";
import { allHeld } from "../fuzz.ts";

it("G79: values × outcomes × runtimes, drawn by chance: every run settles with what may become of it", () =>
  allHeld("tasks", 5));
