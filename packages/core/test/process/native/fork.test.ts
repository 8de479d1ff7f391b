// forkSibling, exitNow and pidfds with real processes, on whatever Node runs this (`pnpm test:nodes` for all).
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { gone, within } from "../support.ts";
import { binding, json, skipReason, type Template, template } from "./support.ts";

/** Of eight forks; 24 with BROOD_TEST_ROWS=all, as `pnpm test:nodes` has it. */
const ROUNDS = process.env["BROOD_TEST_ROWS"] === "all" ? 24 : 12;

describe.skipIf(skipReason !== null)("forkSibling", () => {
  it("makes 50 processes that run timers, files and crypto, and leave with the code they were given", async () => {
    const made = await template();
    const digests = new Set<unknown>();
    for (let code = 0; code < 50; code += 1) {
      const worker = await made.fork({ code });
      const { value } = await worker.wire.next();
      expect(value).toMatchObject({ pid: worker.pid, parent: made.process.pid });
      digests.add(value["digest"]);
      worker.wire.link.send(json("leave"));
      expect(await worker.ended).toMatchObject({ exitCode: code, signal: null, source: "proc" });
      expect(await worker.reap()).toMatchObject({
        state: "ended",
        exitCode: code,
        signal: 0,
        source: "wait",
      });
      expect(await worker.wire.ended).toBeNull();
    }
    expect(digests.size).toBe(50);
    expect(await made.count()).toMatchObject({ children: 0, zombies: 0 });
  });

  it(`leaves descriptors, mappings and zombies of the template constant over ${8 * ROUNDS} forks, 8 alive at a time`, async () => {
    const made = await template();
    await forkMany(made, 8);
    const before = await made.count();
    for (let round = 0; round < ROUNDS; round += 1) await forkMany(made, 8);
    const after = await made.count();
    expect(after).toMatchObject({ descriptors: before["descriptors"], children: 0, zombies: 0 });
    expect(Math.abs(Number(after["mappings"]) - Number(before["mappings"]))).toBeLessThan(20);
  });

  it("closes every descriptor on the supervisor's side", async () => {
    const made = await template();
    await forkMany(made, 4);
    const before = readdirSync("/proc/self/fd").length;
    await forkMany(made, 16);
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
  });

  it.each(["SIGKILL", "SIGTERM", "SIGSEGV", "SIGABRT"] as const)("reports %s", async (signal) => {
    const made = await template();
    const worker = await made.fork({ work: "spin" });
    expect(worker.watch.end()).toBeNull();
    expect(await worker.reap()).toMatchObject({ state: "running" });
    expect(worker.watch.signal(signal)).toBe(true);
    expect(await worker.ended).toEqual({ exitCode: null, signal, source: "proc" });
    expect(await worker.reap()).toMatchObject({
      exitCode: -1,
      signal: constants.signals[signal],
      source: "wait",
    });
    // Where the kernel keeps the status (Linux 6.15), the pidfd tells it for ever.
    const later = worker.watch.end();
    if (later?.source !== "none") expect(later).toEqual({ exitCode: null, signal, source: "pidfd" });
    expect(worker.watch.signal("SIGTERM")).toBe(false);
  });

  it("tells the end also while the template hangs", async () => {
    const made = await template();
    const worker = await made.fork({ work: "spin" });
    made.process.kill("SIGSTOP");
    worker.watch.signal("SIGKILL");
    expect(await worker.ended).toMatchObject({ signal: "SIGKILL" });
    made.process.kill("SIGCONT");
    expect(await worker.reap()).toMatchObject({ source: "wait" });
    expect(await made.count()).toMatchObject({ zombies: 0 });
  });

  it("keeps the workers when the template dies, and still tells their end", async () => {
    const made = await template();
    const worker = await made.fork({ code: 7 });
    await worker.wire.next();
    made.process.kill("SIGKILL");
    await once(made.process, "exit");
    expect(worker.watch.end()).toBeNull();
    worker.wire.link.send(json("leave"));
    const end = await worker.ended;
    // On Linux before 6.15 the status is init's own; that it has ended is known everywhere.
    if (end.source !== "none") expect(end.exitCode).toBe(7);
    await gone(worker.pid);
  });

  it("a worker learns by its link that the supervisor is gone", async () => {
    const made = await template();
    const worker = await made.fork({});
    await worker.wire.next();
    worker.wire.link.close();
    expect(await worker.ended).toMatchObject({ exitCode: 99 });
  });

  it("gives a signal at birth to the child, not to its parent", () => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--single-threaded", "--v8-pool-size=0", join(import.meta.dirname, "fixtures/signal-at-birth.mjs")],
      { encoding: "utf8", timeout: 30_000 },
    );
    expect({ stdout, stderr }).toEqual({ stdout: "40 by children, 0 by the parent\n", stderr: "" });
  });

  it("leaves the host's own children and SIGCHLD listeners alone", async () => {
    const made = await template();
    const own = spawn("sh", ["-c", "read line; exit 42"], { stdio: ["pipe", "ignore", "ignore"] });
    await forkMany(made, 8);
    const heard = within("SIGCHLD", once(process, "SIGCHLD"));
    own.stdin.end("\n");
    const [code] = await within("own child", once(own, "exit"));
    expect(code).toBe(42);
    await heard;
  });
});

describe.skipIf(skipReason !== null)("pidfds", () => {
  it("fail with the code of the operating system", () => {
    expect(() => binding().pidfdOpen(2 ** 22 + 1)).toThrowError(
      expect.objectContaining({ code: "ESRCH", syscall: "pidfd_open", errno: -3 }),
    );
    expect(() => binding().pidfdSignal(9_999, 0)).toThrowError(expect.objectContaining({ code: "EBADF" }));
    expect(() => binding().processEnd(9_999)).toThrowError(expect.objectContaining({ code: "EBADF" }));
    expect(() => binding().pidfdOpen("1" as unknown as number)).toThrowError(TypeError);
  });
});

async function forkMany(made: Template, many: number): Promise<void> {
  const workers = await Promise.all(Array.from({ length: many }, () => made.fork({ code: 3 })));
  for (const worker of workers) {
    await worker.wire.next();
    worker.wire.link.send(json("leave"));
    expect(await worker.ended).toMatchObject({ exitCode: 3 });
    await worker.reap();
    worker.watch.close();
    worker.wire.link.close();
  }
}
