// No orphans: a worker whose supervisor was killed ends by itself. The supervisor is a process of its own, so that it can be.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./runner.ts";

const SUPERVISOR = fileURLToPath(new URL("./orphan-supervisor.js", import.meta.url));

export const orphanClaim: { readonly name: string; run(module: URL): Promise<void> } = {
  name: "leaves no worker behind when the supervisor is killed",
  async run(module) {
    // It is killed before it can remove what it wrote.
    const folder = await fs.mkdtemp(join(tmpdir(), "brood-contract-"));
    const supervisor = spawn(process.execPath, [SUPERVISOR, module.href], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
      env: { ...process.env, TMPDIR: folder },
    });
    const ended = once(supervisor, "exit");
    let pid = 0;
    supervisor.once("message", (message) => {
      pid = Number(message);
    });
    try {
      const seen = (): string => `exit code ${supervisor.exitCode}`;
      await until("a ready worker", () => pid > 0 || supervisor.exitCode !== null, seen);
      if (pid === 0) throw new Error(`the supervisor could not start a worker: ${seen()}`);
      supervisor.kill("SIGKILL");
      await ended;
      await until(
        "the worker's end",
        () => !isRunning(pid),
        () => `pid=${pid} still runs`,
      );
    } finally {
      supervisor.kill("SIGKILL");
      await ended;
      await fs.rm(folder, { recursive: true, force: true });
    }
  },
};

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
