import { describe, expect, it } from "vitest";
import { progressLines } from "../../src/cli/roll-progress.ts";

describe("roll progress without a terminal", () => {
  it("has one line for each worker of the new generation", () => {
    const lines: string[] = [];
    const view = progressLines((line) => lines.push(line));
    const worker = { slot: 0, worker: "w3", generation: 2, pid: 7 };
    view.show({ name: "roll:started", data: { id: "r1", from: 1, to: 2, total: 2, replaced: 0 } });
    view.show({ name: "worker:spawned", data: worker });
    view.show({ name: "worker:ready", data: { ...worker, readyAfterMs: 80.6 } });
    view.show({
      name: "worker:exited",
      data: { ...worker, worker: "w1", generation: 1, exitCode: 0, signal: null },
    });
    view.show({
      name: "worker:exited",
      data: { ...worker, worker: "w4", slot: 1, exitCode: 1, signal: null },
    });
    view.end();
    expect(lines.join("")).toBe(
      [
        "roll gen=1->2 slots=2 id=r1",
        "slot=0 worker=w3 gen=2 pid=7 ready after 81 ms",
        "slot=1 worker=w4 gen=2 pid=7 exited exitCode=1 signal=null",
        "",
      ].join("\n"),
    );
  });
});
