// A pool for tests: real workers, deploys, faults; nothing is left.
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { faultInjector, testPool } from "@brood/testing";
import { describe, expect, it, onTestFinished } from "vitest";

const version = (number: number) => ({
  "tasks.mjs": `export default () => ${number}; export const spin = () => { for (;;); };`,
});

describe("testPool", () => {
  it.each(["worker_threads", "child_process"] as const)(
    "over %s runs, deploys, and leaves nothing",
    async (runtime) => {
      const pool = await testPool({ files: version(1), runtime });
      onTestFinished(() => pool.close());
      expect(await pool.run(null)).toBe(1);
      expect(await pool.deploy(version(2))).toMatchObject({ result: "completed", replaced: 2 });
      expect(await pool.run(null)).toBe(2);
      expect(await pool.deploy({ "tasks.mjs": "nonsense(" })).toMatchObject({ result: "failed" });
      const folder = dirname(pool.releases[0]?.folder ?? "");
      const lost = pool.run(null, { name: "spin" }).catch((error: { code: string }) => error.code);
      await pool.close();
      expect(await lost).toBe("BROOD_CLOSED");
      expect(existsSync(folder)).toBe(false);
      expect(pool.logs()).toContain("roll:ended");
    },
  );

  it("a broken file rejects with the reason, and leaves nothing", async () => {
    await expect(testPool({ files: { "tasks.mjs": "throw new Error('broken')" } })).rejects.toMatchObject({
      code: "BROOD_BOOT_FAILED",
    });
    await expect(testPool({})).rejects.toMatchObject({ code: "BROOD_BAD_OPTION" });
  });

  it("faults strike its processes, and never the threads' host", async () => {
    const pool = await testPool({ files: version(1), runtime: "child_process" });
    onTestFinished(() => pool.close());
    await using inject = faultInjector(pool);
    const filled = new Promise<void>((resolve) => pool.once("worker:ready", () => resolve()));
    const victim = await inject.killWorker(0);
    expect(victim).toMatchObject({ slot: 0, generation: 1 });
    expect(await pool.run(null)).toBe(1);
    await filled;
    await inject.failBoots(1);
    expect(await pool.deploy(version(2))).toMatchObject({ result: "failed", reason: { exitCode: 1 } });
    const threads = await testPool({ files: version(1) });
    onTestFinished(() => threads.close());
    await expect(faultInjector(threads).killWorker(0)).rejects.toMatchObject({ code: "BROOD_BAD_OPTION" });
  });
});
