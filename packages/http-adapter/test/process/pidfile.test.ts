import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { inspectPidfile, writePidfile } from "../../src/pidfile.ts";
import { within } from "../support/within.ts";

/** A process that looks like a Brood server in ps; killed when the test ends. */
async function titled(): Promise<number> {
  const source = 'process.title = "brood shop"; setInterval(() => {}, 1e6); process.stdout.write("up")';
  const other = spawn(process.execPath, [
    "-e",
    source,
    "and a command line that is long enough for the title",
  ]);
  const end = once(other, "exit");
  onTestFinished(async () => {
    other.kill("SIGKILL");
    await within("end of the process", end);
  });
  await within("start of the process", once(other.stdout, "data"));
  return other.pid ?? -1;
}

describe("pidfile", () => {
  let folder = "";
  let path = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "brood-pid-"));
    path = join(folder, "app.pid");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** As a server does it; given back when the test ends. */
  async function take(): Promise<() => Promise<void>> {
    const remove = await writePidfile(path, await inspectPidfile(path));
    onTestFinished(() => remove().catch(() => undefined));
    return remove;
  }

  it("holds our pid and a newline, and goes with us", async () => {
    const remove = await writePidfile(path, await inspectPidfile(path));
    expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
    expect(readdirSync(folder)).toEqual(["app.pid"]);
    await remove();
    expect(existsSync(path)).toBe(false);
  });

  it("is left alone when it holds another pid by then", async () => {
    const remove = await writePidfile(path, "absent");
    writeFileSync(path, "1\n");
    await remove();
    expect(readFileSync(path, "utf8")).toBe("1\n");
  });

  it("is left alone when it is another file by then", async () => {
    const remove = await writePidfile(path, "absent");
    rmSync(path);
    const blocker = openSync(join(folder, "other"), "w");
    onTestFinished(() => closeSync(blocker));
    writeFileSync(path, `${process.pid}\n`);
    await remove();
    expect(existsSync(path)).toBe(true);
  });

  it.each(["", "text", "0", "-5", "99999999999999"])("counts %j as left behind", async (text) => {
    writeFileSync(path, text);
    expect(await inspectPidfile(path)).toBe("dead");
  });

  it("knows a dead process, a live one, and a live Brood server", async () => {
    const pid = await titled();
    writeFileSync(path, `${pid}\n`);
    expect(await inspectPidfile(path)).toBe("server");
    for (const state of ["server", "dead"] as const) {
      await expect(writePidfile(path, state)).rejects.toThrowError(
        /this one names a Brood server that runs$/,
      );
    }
    expect(readFileSync(path, "utf8")).toBe(`${pid}\n`);
    writeFileSync(path, `${spawnSync("true").pid}\n`);
    expect(await inspectPidfile(path)).toBe("dead");
    writeFileSync(path, "1\n");
    expect(await inspectPidfile(path)).toBe("alive");
  });

  it("counts a pid that was given out again as left behind, also when a Brood server has it now", async () => {
    const pid = await titled();
    writeFileSync(path, `${pid}\n`);
    const anHourAgo = Date.now() / 1_000 - 3_600;
    utimesSync(path, anHourAgo, anHourAgo);
    expect(await inspectPidfile(path)).toBe("dead");
    await take();
    expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  });

  it("is one server's at a time, in one process too", async () => {
    const first = await take();
    await expect(take()).rejects.toThrowError(/this one names a Brood server that runs$/);
    await first();
    await take();
    expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  });

  it("shorter than what was there, it is whole", async () => {
    writeFileSync(path, `${"9".repeat(10)}\n`);
    await take();
    expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  });

  it.each(["a file that is there", "a file that is not there yet"])(
    "through a symlink writes %s",
    async (how) => {
      const target = join(folder, "real.pid");
      if (how === "a file that is there") writeFileSync(target, "999999999\n");
      symlinkSync("real.pid", path);
      const remove = await take();
      expect(readFileSync(target, "utf8")).toBe(`${process.pid}\n`);
      expect(readlinkSync(path)).toBe("real.pid");
      await remove();
      expect([existsSync(target), lstatSync(path).isSymbolicLink()]).toEqual([false, true]);
    },
  );

  it("is not writable for others, whatever the umask", async () => {
    const umask = process.umask(0);
    onTestFinished(() => void process.umask(umask));
    await take();
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  it.each([
    ["a FIFO", () => void spawnSync("mkfifo", [path])],
    ["a directory", () => mkdirSync(path)],
    ["a device", () => symlinkSync("/dev/null", path)],
  ])("refuses %s by name, at once", async (kind, make) => {
    make();
    const state = await within("a look", inspectPidfile(path));
    await expect(within("a refusal", writePidfile(path, state))).rejects.toThrowError(
      `option pidfile: got ${JSON.stringify(path)}, expected a regular file: this is ${kind}`,
    );
  });

  it("says so when the folder is missing", async () => {
    await expect(writePidfile(join(folder, "no/app.pid"), "absent")).rejects.toMatchObject({
      code: "BROOD_BAD_OPTION",
      message: expect.stringMatching(
        /^option pidfile: got ".*", expected a file that can be written \(ENOENT/,
      ),
    });
  });
});
