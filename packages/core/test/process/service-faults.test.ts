// What becomes of a service's processes when one of them dies, blocks or does not leave, or the supervisor dies.
import { once } from "node:events";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, gone, nextEvent, pidsOf, release, SPAWN, service, within } from "./support.ts";

describe("faults of a service of real processes", () => {
  it("D38: SIGKILL and TERM to a worker each lead to one replacement on the right generation", async () => {
    const made = service({ entry: join(await release("1"), "app.mjs"), workers: 2, minHealthyMs: 0 });
    await within("start", made.start());
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const exited = nextEvent(made, "worker:exited");
      const ready = nextEvent(made, "worker:ready");
      process.kill(pidsOf(made)[0] ?? 0, signal);
      expect((await exited).reason === null).toBe(signal === "SIGTERM");
      await ready;
      expect(made.stats().ready).toBe(2);
    }
    expect(made.stats().counters).toMatchObject({ spawned: 4, exited: 2, crashed: 1 });
  });

  it("F57: a worker whose event loop is blocked is killed once after heartbeatTimeoutMs and replaced once", async () => {
    const path = await folder({ "app.mjs": "export default () => ({ message: () => { for (;;); } });" });
    const made = service({ entry: join(path, "app.mjs"), workers: 1, heartbeatTimeoutMs: 500 });
    await within("start", made.start());
    const exited = nextEvent(made, "worker:exited");
    const ready = nextEvent(made, "worker:ready");
    made.post(made.stats().workers[0]?.worker ?? "w0", "block");
    expect(await exited).toMatchObject({ signal: "SIGKILL", reason: { code: "BROOD_HEARTBEAT_TIMEOUT" } });
    await ready;
    expect(made.stats().counters).toMatchObject({ spawned: 2, killed: 1 });
  });

  it("a worker that does not drain is killed at the deadline and the stop still ends", async () => {
    const path = await folder({
      "app.mjs": "export default () => ({ drain: () => new Promise(() => {}) });",
    });
    const made = service({ entry: join(path, "app.mjs"), workers: 1, drainTimeoutMs: 200 });
    await within("start", made.start());
    await within("stop", made.stop());
    expect(made.stats().counters).toMatchObject({ killed: 1, exited: 1 });
  });

  it("F50: workers are gone within 5 s when their supervisor is killed", async () => {
    const path = await release("1");
    const script = `import { createService } from "@brood/core";
      const made = createService({ entry: ${JSON.stringify(join(path, "app.mjs"))}, workers: 2, spawn: "${SPAWN}" });
      await made.start();
      process.send(made.stats().workers.map(({ pid }) => pid));`;
    const { fork } = await import("node:child_process");
    const host = join(import.meta.dirname, "../fixtures/.host-under-test.mjs");
    await fs.writeFile(host, script);
    const supervisor = fork(host);
    const [pids] = (await within("supervisor", once(supervisor, "message"))) as [number[]];
    await fs.rm(host);
    supervisor.kill("SIGKILL");
    for (const pid of pids) await gone(pid, 5_000);
  });
});
