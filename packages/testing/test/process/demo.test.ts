// The demo is what people see first. It must hold its own promises, end soon, and leave nothing, also on Ctrl-C.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const DEMO = fileURLToPath(new URL("../../../../examples/demo/demo.mjs", import.meta.url));

let folder = "";
let running: DemoRun | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "brood-demo-test-"));
});
afterEach(async () => {
  await running?.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe("the demo", () => {
  it("ends well, without colours in a pipe, and leaves no file and no process", async () => {
    running = new DemoRun(folder);
    expect(await running.exitCode, running.output).toBe(0);
    expect(running.output.match(/^✔/gm)?.length).toBe(7);
    expect(running.output).not.toContain("✘");
    for (const row of [
      /│ errors +│( +0 │){5}/,
      /│ stale after roll +│( +0 │){5}/,
      /│ v2 +│ completed/,
      /│ v3 +│ failed/,
    ])
      expect(running.output).toMatch(row);
    for (const slot of [0, 1, 2, 3])
      expect(running.output).toMatch(`  slot ${slot}   generation 2   ready after`);
    expect(running.output).toMatch(/^BROOD_BOOT_FAILED, exit code 1: .*DATABASE_URL is not set/m);
    expect(running.output).not.toContain("\u001b");
    expect(readdirSync(folder)).toEqual([]);
    expect(running.isAlive).toBe(false);
  });

  it.each([
    ["while the workers start", null],
    ["in the middle of a roll", /slot 0 {3}generation 2 {3}ready/],
    ["while the broken release boots", /^Deploying v3/m],
  ])("ends on Ctrl-C %s, and leaves no file and no process", async (_, moment) => {
    running = new DemoRun(folder);
    if (moment === null) await running.hasFolder();
    else await running.printed(moment);
    running.interrupt();
    expect(await running.exitCode, running.output).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
    expect(running.isAlive).toBe(false);
  });
});

/** In a process group and with a temporary folder of its own, so that whatever it leaves can be seen. */
class DemoRun {
  readonly exitCode: Promise<number | null>;
  output = "";
  readonly #child: ChildProcess;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#child = spawn(process.execPath, [DEMO], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TMPDIR: folder },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    this.exitCode = new Promise((resolve) => this.#child.once("close", (exitCode) => resolve(exitCode)));
  }

  /** Any process of its group. */
  get isAlive(): boolean {
    return this.#signal(0);
  }

  /** As a terminal does: to the whole group. */
  interrupt(): void {
    this.#signal("SIGINT");
  }

  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.exitCode;
  }

  /** Fails when it ends first; the test's own timeout is the deadline. */
  printed(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (pattern.test(this.output)) resolve();
      };
      this.#child.stdout?.on("data", look);
      void this.exitCode.then((exitCode) => reject(new Error(`exit ${exitCode}: ${this.output}`)));
    });
  }

  /** Has begun to write into its temporary folder. */
  hasFolder(): Promise<void> {
    return new Promise((resolve, reject) => {
      const watcher = watch(this.#folder, () => {
        watcher.close();
        resolve();
      });
      void this.exitCode.then((exitCode) => {
        watcher.close();
        reject(new Error(`exit ${exitCode}: ${this.output}`));
      });
    });
  }

  #signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-Number(this.#child.pid), signal);
    } catch {
      return false;
    }
  }
}
