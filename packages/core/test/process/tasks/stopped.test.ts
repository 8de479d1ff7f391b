// A task process that is stopped (SIGSTOP) in the middle of a task without a deadline: it is as silent as one at work, and must
// not be taken for one. Only Linux tells them apart.
import { existsSync, readFileSync } from "node:fs";
import type { TaskPool } from "@brood/core";
import { describe, expect, it } from "vitest";
import { folder, within } from "../support.ts";
import { pool, refusal } from "./support.ts";

const KINDS = [
  { spawn: "fresh", isolate: false },
  { spawn: "fresh", isolate: true },
  { spawn: "template", isolate: false },
  { spawn: "template", isolate: true },
] as const;

describe.skipIf(!existsSync("/proc/self/stat")).each(KINDS)(
  "a process that is stopped under its task, spawn $spawn, isolate $isolate",
  (kind) => {
    const options = { runtime: "child_process", ...kind } as const;

    it("is killed as silent, and the task settles with the reason", async () => {
      const tasks = pool({ ...options, heartbeatTimeoutMs: 300 });
      const lost = refusal(tasks.run("SIGSTOP", { name: "kill" }));
      const after = tasks.run(1);
      const error = await lost;
      expect(error).toMatchObject({
        code: "BROOD_WORKER_EXITED",
        details: { signal: "SIGKILL", oom: false, slot: 0 },
        cause: { code: "BROOD_HEARTBEAT_TIMEOUT" },
      });
      expect(await within("the next", after)).toBe(2);
      expect(tasks.stats().counters).toMatchObject({ killed: 1, crashed: 0 });
    });

    it("gives its task to another worker by option", async () => {
      const path = await folder();
      const filename = new URL("fixtures/stopping.mjs", import.meta.url);
      const tasks = pool({ ...options, filename, heartbeatTimeoutMs: 300, retries: 1 });
      expect(await within("the second try", tasks.run(`${path}/once`))).toBe("done");
    });

    it("is spared when it is continued in time", async () => {
      const tasks = pool({ ...options, heartbeatTimeoutMs: 2_000 });
      await tasks.ready();
      const stopped = tasks.run("went on", { name: "stop" });
      const { pid } = await worker(tasks, "a stopped worker", ({ pid }) => pid !== null && isStopped(pid));
      // By then it was asked, and seen stopped.
      await worker(tasks, "its silence", ({ lastHeartbeatAgoMs }) => (lastHeartbeatAgoMs ?? 0) > 2_300);
      process.kill(pid ?? 0, "SIGCONT");
      expect(await within("its result", stopped)).toBe("went on");
      expect(tasks.stats().counters.killed).toBe(0);
    });
  },
);

type Row = ReturnType<TaskPool["stats"]>["workers"][number];

/** Resolves with the pool's worker once `accepts` does. */
async function worker(tasks: TaskPool, what: string, accepts: (row: Row) => boolean): Promise<Row> {
  const untilMs = performance.now() + 20_000;
  for (;;) {
    const found = tasks.stats().workers.find(accepts);
    if (found !== undefined) return found;
    if (performance.now() > untilMs) throw new Error(`${what}: nothing within 20000 ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function isStopped(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, "latin1").includes(") T ");
}
