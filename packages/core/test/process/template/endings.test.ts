// How forked workers end: as fresh ones do, to the exit code and the last character of what Node prints.
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { nextEvent, service, within } from "../support.ts";
import { fixture, workersOf } from "./support.ts";

interface End {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  readonly stdout: string;
}

/** pids, timings and paths of Brood's own frames differ between any two runs. */
function comparable(stderr: string): string {
  return stderr
    .split("\n")
    .filter((line) => !/^\s+at .*(dist\/|node:internal)/.test(line))
    .join("\n");
}

async function endOf(
  spawn: "fresh" | "template",
  how: string,
  execArgv: readonly string[] = [],
): Promise<End> {
  const stdout = new PassThrough();
  let printed = "";
  stdout.on("data", (chunk: Buffer) => {
    printed += chunk;
  });
  const made = service({
    entry: fixture("endings.mjs"),
    spawn,
    workers: 1,
    stdout,
    stderr: new PassThrough().resume(),
    execArgv,
    minHealthyMs: 0,
  });
  await within("start", made.start());
  const [worker = "w1"] = workersOf(made);
  const exited = nextEvent(made, "worker:exited", (event) => event.worker === worker);
  made.post(worker, how);
  const { exitCode, signal, reason } = await exited;
  await within("stop", made.stop({ now: true }));
  // Whoever took the slot over may leave with 0 meanwhile.
  const stdoutOfWorker = printed.replaceAll("exit listener 0\n", "");
  return { exitCode, signal, stderr: comparable(reason?.stderr ?? ""), stdout: stdoutOfWorker };
}

describe("a forked worker ends as a fresh one", () => {
  for (const how of [
    "exit",
    "exitCode",
    "throws",
    "throwsText",
    "rejects",
    "rejectsUndefined",
    "handled",
    "printsAndExits",
  ]) {
    it(`by ${how}`, async () => {
      const [fresh, forked] = await Promise.all([endOf("fresh", how), endOf("template", how)]);
      expect(forked).toEqual(fresh);
      expect(forked.signal).toBeNull();
      expect(forked.stdout).toContain("exit listener");
    });
  }

  it("by an error of its own handler: exit code 7", async () => {
    const [fresh, forked] = await Promise.all([
      endOf("fresh", "handlerThrows"),
      endOf("template", "handlerThrows"),
    ]);
    expect([forked.exitCode, forked.signal]).toEqual([fresh.exitCode, fresh.signal]);
    expect(forked.stderr).toContain("from the handler");
  });

  it("by process.abort(), with the signal", async () => {
    expect(await endOf("template", "aborts")).toMatchObject({ exitCode: null, signal: "SIGABRT" });
  });

  it("by running out of memory, with a signal as a fresh one", async () => {
    const limit = ["--max-old-space-size=64"];
    const [fresh, forked] = [
      await endOf("fresh", "outOfMemory", limit),
      await endOf("template", "outOfMemory", limit),
    ];
    expect([forked.exitCode, forked.signal]).toEqual([fresh.exitCode, fresh.signal]);
    expect(forked.stderr).toContain("heap out of memory");
  });

  it("by SIGKILL from outside, with the signal", async () => {
    const made = service({ entry: fixture("endings.mjs"), spawn: "template", workers: 1, minHealthyMs: 0 });
    await within("start", made.start());
    const [seat] = made.stats().workers;
    const exited = nextEvent(made, "worker:exited");
    process.kill(seat?.pid ?? -1, "SIGKILL");
    expect(await exited).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  });
});
