import { describe, expect, it } from "vitest";
import { NEXT, type WorkerInput } from "../../../src/machine/lifecycle.ts";
import type { WorkerState } from "../../../src/machine/names.ts";

const states = Object.keys(NEXT) as WorkerState[];
const inputs = Object.keys(NEXT.ready) as WorkerInput[];

describe("the lifecycle table", () => {
  it("has a cell for every state and input", () => {
    for (const state of states) expect(Object.keys(NEXT[state]).sort()).toEqual([...inputs].sort());
  });

  it("leads to ready only from booting, to booting only by being admitted, and to that only by the own report", () => {
    const into = (target: WorkerState): string[] =>
      states.flatMap((from) =>
        inputs
          .filter((input) => from !== target && NEXT[from][input] === target)
          .map((input) => `${from}+${input}`),
      );
    expect(into("ready")).toEqual(["booting+Ready"]);
    expect(into("booting")).toEqual(["held+Admitted", "waiting+Admitted"]);
    expect(into("waiting")).toEqual(["held+Booted"]);
    expect(into("held")).toEqual(["spawning+Reported"]);
  });

  it("ends every state when the worker exits, and every live one when it is killed", () => {
    for (const state of states.filter((each) => each !== "exited")) {
      expect(NEXT[state].Exited).toBe("exited");
      expect(NEXT[state].KillRequested).toBe("killing");
    }
  });

  it("never comes back from draining, killing or exited", () => {
    for (const input of inputs) {
      expect(["draining", "lingering", "killing", "exited", null]).toContain(NEXT.draining[input]);
      expect(["lingering", "killing", "exited", null]).toContain(NEXT.lingering[input]);
      expect(["killing", "exited", null]).toContain(NEXT.killing[input]);
      expect(NEXT.exited[input]).toBeNull();
    }
  });
});
