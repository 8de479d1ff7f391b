import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inspectPidfile, writePidfile } from "../../src/pidfile.ts";
import { within } from "../support/within.ts";

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

  it.each(["", "text", "0", "-5", "99999999999999"])("counts %j as left behind", async (text) => {
    writeFileSync(path, text);
    expect(await inspectPidfile(path)).toBe("dead");
  });

  it("knows a dead process, a live one, and a live Brood server", async () => {
    const source = 'process.title = "brood shop"; setInterval(() => {}, 1e6); process.stdout.write("up")';
    const other = spawn(process.execPath, [
      "-e",
      source,
      "and a command line that is long enough for the title",
    ]);
    await within("start of the process", once(other.stdout, "data"));
    writeFileSync(path, `${other.pid}\n`);
    expect(await inspectPidfile(path)).toBe("server");
    await expect(writePidfile(path, "server")).rejects.toThrowError(
      /this one names a Brood server that runs$/,
    );
    other.kill("SIGKILL");
    await within("end of the process", once(other, "exit"));
    expect(await inspectPidfile(path)).toBe("dead");
    writeFileSync(path, "1\n");
    expect(await inspectPidfile(path)).toBe("alive");
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
