// A service of threads in this very process: what it does to the host is nothing, and what it tells is true.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { folder, nextEvent, service, within } from "./support.ts";

const ENTRY = `
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { version } from "./version.mjs";
export default ({ post, runtime, slot }) => {
  console.log("out of slot " + slot);
  console.error("err of slot " + slot);
  post({ version, runtime, isMainThread, hasPort: parentPort !== null, data: workerData });
  return {
    message(payload) {
      if (payload === "exit") process.exit(5);
      if (payload === "fail") throw new Error("failed on purpose");
      post(payload);
    },
  };
};`;

function release(version: string): Promise<string> {
  return folder({ "app.mjs": ENTRY, "version.mjs": `export const version = "${version}";` });
}

function read(stream: PassThrough): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

describe("a service of threads", () => {
  it("boots, restarts onto new code and stops within this process, and leaves the host as it was", async () => {
    const host = (): unknown => ({
      listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
      cwd: process.cwd(),
      title: process.title,
    });
    const before = host();
    const path = await release("1");
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const [printed, complained] = [read(stdout), read(stderr)];
    const made = service({ entry: join(path, "app.mjs"), runtime: "thread", workers: 2, stdout, stderr });
    const first = nextEvent(made, "worker:message");
    await within("start", made.start());
    expect((await first).payload).toEqual({
      version: "1",
      runtime: "thread",
      isMainThread: false,
      hasPort: true,
      data: {},
    });
    const { workers, runtime } = made.stats();
    expect(runtime).toBe("thread");
    expect(workers.map(({ pid }) => pid)).toEqual([process.pid, process.pid]);
    const threads = workers.map(({ threadId }) => threadId);
    expect(new Set(threads).size).toBe(2);
    expect(threads).not.toContain(null);

    await fs.writeFile(join(path, "version.mjs"), `export const version = "2";`);
    const second = nextEvent(made, "worker:message");
    expect(await within("restart", made.restart())).toMatchObject({
      result: "completed",
      replaced: 2,
      killed: 0,
    });
    expect((await second).payload).toMatchObject({ version: "2" });
    await within("stop", made.stop());
    expect(printed()).toMatch(/out of slot [01]\n/);
    expect(complained().match(/err of slot [01]\n/g)).toHaveLength(4);
    expect(host()).toEqual(before);
  });

  it("takes messages as JSON, as over IPC, and no handles", async () => {
    const path = await release("1");
    const made = service({ entry: join(path, "app.mjs"), runtime: "thread", workers: 1 });
    await within("start", made.start());
    const { worker } = made.stats().workers[0] ?? {};
    if (worker === undefined) throw new Error("no worker");
    const echo = nextEvent(made, "worker:message", ({ payload }) => Object(payload).kept === 1);
    expect(made.post(worker, { kept: 1, lost: undefined, map: new Map([[1, 2]]) })).toBe(true);
    expect((await echo).payload).toEqual({ kept: 1, map: {} });
    expect(made.post(worker, "with a handle", {})).toBe(false);
  });

  it.each([
    ["exit", 5, "exited with code 5"],
    ["fail", 1, "threw: failed on purpose"],
  ])(
    "says how a thread ended that was told to %s, with its stderr, and fills its slot again",
    async (word, exitCode, message) => {
      const path = await release("1");
      const stderr = new PassThrough().resume();
      const made = service({
        entry: join(path, "app.mjs"),
        runtime: "thread",
        workers: 2,
        stderr,
        stdout: stderr,
      });
      await within("start", made.start());
      const { worker, slot, threadId } = made.stats().workers[1] ?? {};
      if (worker === undefined) throw new Error("no worker");
      const ended = nextEvent(made, "worker:exited");
      const replaced = nextEvent(made, "worker:ready");
      made.post(worker, word);
      const { reason, ...end } = await ended;
      expect(end).toMatchObject({ worker, slot, exitCode, signal: null, pid: process.pid });
      expect(reason?.message).toContain(message);
      expect(reason?.stderr).toContain(word === "fail" ? "failed on purpose" : "err of slot 1");
      expect(await replaced).toMatchObject({ slot });
      expect(made.stats().workers[1]?.threadId).not.toBe(threadId);
    },
  );

  it("says why no thread can be started", async () => {
    const path = await release("1");
    const made = service({
      entry: join(path, "app.mjs"),
      runtime: "thread",
      workers: 1,
      execArgv: ["--no-such-flag"],
    });
    await expect(within("start", made.start())).rejects.toMatchObject({
      code: "BROOD_SPAWN_FAILED",
      message: expect.stringContaining("--no-such-flag"),
    });
  });
});
