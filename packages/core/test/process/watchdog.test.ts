// The native watchdog in real workers: what a silent worker was doing before it is killed, and a worker that spins for ever
// after its supervisor has died. Skipped, with the reason, where the addon is not there.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceEvents } from "@brood/core";
import { nativeSupport } from "@brood/core/native";
import { describe, expect, it, onTestFinished } from "vitest";
import { folder, gone, nextEvent, pidsOf, service, within } from "./support.ts";

const support = nativeSupport();
const reason = support.ok ? null : support.reason;
if (reason !== null) console.warn(`the native watchdog is not tested: ${reason}`);

type Exited = Parameters<ServiceEvents["worker:exited"]>[0];

/** A worker of this code is told to go; how it ended. */
async function silenced(code: string, spawnBy: "fresh" | "template"): Promise<Exited> {
  const path = await folder({
    "app.mjs": `import { execFileSync } from "node:child_process";
function holdUp() { ${code} }
export default ({ worker }) => ({ message: () => { if (worker === "w1") setTimeout(holdUp, 1); } });`,
  });
  const made = service({
    entry: join(path, "app.mjs"),
    workers: 1,
    spawn: spawnBy,
    heartbeatTimeoutMs: 1_000,
    compileCache: false,
  });
  await made.start();
  const exited = nextEvent(made, "worker:exited");
  // Its successor may be ready before its own end is known.
  const replaced = nextEvent(made, "worker:ready");
  made.post("w1", "now");
  const end = (await exited) as Exited;
  expect(end.reason?.code).toBe("BROOD_HEARTBEAT_TIMEOUT");
  await replaced;
  expect(made.stats().counters).toMatchObject({ killed: 1, spawned: 2 });
  return end;
}

describe.skipIf(reason !== null).each(["fresh", "template"] as const)(
  "a silent worker, spawn %s",
  (spawnBy) => {
    it.each([
      ["a loop", "for (;;);"],
      ["a regular expression", "/^(a+)+$/.test('a'.repeat(40) + 'b');"],
      ["a wait for other threads", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"],
    ])("F57: tells in which line it is held up: %s", async (_, code) => {
      const { reason: why } = await silenced(code, spawnBy);
      expect(why?.stderr).toContain(
        "brood: worker=w1 slot=0 gen=1 does not answer; its event loop is held up here:",
      );
      expect(why?.stderr).toMatch(/at .*holdUp \(file:\/\/.*app\.mjs:2:\d+\)|at Timeout\.holdUp/);
    });

    it("F57: tells that no JavaScript runs when a system call holds it up", async () => {
      const { reason: why } = await silenced("execFileSync('sleep', ['5']);", spawnBy);
      expect(why?.stderr).toContain("does not answer; no JavaScript is running");
    });

    it("F57: tells nothing when it was stopped, and is killed all the same", async () => {
      const { reason: why } = await silenced("process.kill(process.pid, 'SIGSTOP');", spawnBy);
      expect(why?.stderr).toBe("");
    });
  },
);

describe.skipIf(reason !== null)("a worker that spins for ever", () => {
  it("F50: is gone within 5 s of its supervisor's death all the same", async () => {
    const path = await folder({
      "app.mjs":
        "export default ({ post }) => { setTimeout(() => { post('spinning'); setImmediate(() => { for (;;); }); }, 50); };",
      "host.mjs": `import { createService } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
const service = createService({ entry: ${JSON.stringify("app.mjs")}, workers: 2, compileCache: false, heartbeatTimeoutMs: 60_000 });
let spinning = 0;
service.on("worker:message", () => {
  spinning += 1;
  if (spinning === 2) process.send(service.stats().workers.map(({ pid }) => pid));
});
await service.start();`,
    });
    const host = spawn(process.execPath, ["host.mjs"], {
      cwd: path,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    onTestFinished(() => void host.kill("SIGKILL"));
    const pids = await within(
      "both spin",
      new Promise<number[]>((resolve) => host.once("message", (value) => resolve(value as number[]))),
    );
    host.kill("SIGKILL");
    const killedAtMs = performance.now();
    await Promise.all(pids.map((pid) => gone(pid)));
    expect(performance.now() - killedAtMs).toBeLessThan(6_000);
  });

  it("costs an idle worker one thread that never wakes", async () => {
    const path = await folder({ "app.mjs": "export default () => {};" });
    const made = service({ entry: join(path, "app.mjs"), workers: 1, compileCache: false });
    await made.start();
    const [pid = 0] = pidsOf(made);
    await within("the thread", pollers(pid));
    const [before] = await pollers(pid);
    await made.freshStats();
    const [after] = await pollers(pid);
    expect(after).toBe(before);
  });
});

/** How often each thread that waits in poll(2) went to sleep by itself; resolves when there is one. */
async function pollers(pid: number): Promise<string[]> {
  const { readdir } = await import("node:fs/promises");
  for (;;) {
    const threads = (await readdir(`/proc/${pid}/task`)).filter((thread) => Number(thread) !== pid);
    const found = threads
      .map((thread) => ({
        status: readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8"),
        wchan: readFileSync(`/proc/${pid}/task/${thread}/wchan`, "utf8"),
        syscall: read(`/proc/${pid}/task/${thread}/syscall`),
      }))
      .filter(({ syscall, wchan }) => /^(7|73|271) /.test(syscall) || wchan.includes("poll_schedule"));
    if (found.length > 0)
      return found.map(({ status }) => /^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? "");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
