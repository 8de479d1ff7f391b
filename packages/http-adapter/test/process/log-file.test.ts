import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LogFile } from "../../src/log-files.ts";
import { testFolder } from "../support/brood-server.ts";
import { SPAWN } from "../support/spawn.ts";
import { startCommand } from "../support/starter.ts";
import { within } from "../support/within.ts";

describe("log file", () => {
  let folder = "";
  let path = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "brood-log-"));
    path = join(folder, "out.log");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function end(file: LogFile): Promise<void> {
    file.end();
    await once(file, "finish");
  }

  it("appends to what is there", async () => {
    for (const text of ["one\n", "two\n"]) {
      const file = new LogFile("stdout", path);
      file.write(text);
      await end(file);
    }
    expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
  });

  it("goes on in a new file once it is reopened, and loses nothing that is being written", async () => {
    const file = new LogFile("stdout", path);
    for (let line = 0; line < 50; line++) file.write(`${line}\n`);
    renameSync(path, `${path}.1`);
    file.reopen();
    file.reopen();
    for (let line = 50; line < 100; line++) file.write(`${line}\n`);
    await end(file);
    const all = readFileSync(`${path}.1`, "utf8") + readFileSync(path, "utf8");
    expect(all).toBe(Array.from({ length: 100 }, (_, line) => `${line}\n`).join(""));
    expect(readFileSync(path, "utf8")).toContain("99\n");
  });

  it("keeps the old file when the new one cannot be opened", async () => {
    const file = new LogFile("stdout", path);
    renameSync(folder, `${folder}.away`);
    expect(() => file.reopen()).toThrowError(/ENOENT/);
    file.write("still here\n");
    await end(file);
    renameSync(`${folder}.away`, folder);
    expect(readFileSync(path, "utf8")).toBe("still here\n");
  });

  it("survives a full disk", async () => {
    const file = new LogFile("stdout", "/dev/full");
    file.write("lost\n");
    file.write("lost too\n");
    await end(file);
    expect(file.errored).toBeNull();
  });

  it.each([
    ["a FIFO", () => void spawnSync("mkfifo", [path])],
    ["a directory", () => mkdirSync(path)],
  ])("refuses %s by the option's name, without waiting", (kind, make) => {
    make();
    expect(() => new LogFile("stdout", path)).toThrowError(
      `option stdout: got ${JSON.stringify(path)}, expected a regular file: this is ${kind}`,
    );
  });

  it("keeps the old file when a FIFO has come in its place", async () => {
    const file = new LogFile("stdout", path);
    renameSync(path, `${path}.1`);
    spawnSync("mkfifo", [path]);
    expect(() => file.reopen()).toThrowError(/this is a FIFO/);
    file.write("still here\n");
    await end(file);
    expect(readFileSync(`${path}.1`, "utf8")).toBe("still here\n");
  });

  it("refuses a path that cannot be opened, by the option's name", () => {
    expect(() => new LogFile("stderr", join(folder, "no/err.log"))).toThrowError(
      /^option stderr: got ".*", expected a file that can be written \(ENOENT/,
    );
  });
});

describe("brood --cwd --stderr", () => {
  it("mean one file: the workers' output and the server's log are in it", async () => {
    const source = `console.error("from a worker"); export default (request, response) => response.end();`;
    const folder = await testFolder({ "app.mjs": "", "sub/app.mjs": source });
    const args = ["app.mjs", "--cwd", "sub", "--stderr", "err.log", "-w", "1", "-l", "127.0.0.1:0"];
    const server = startCommand([...args, "--no-control", "--spawn", SPAWN], folder);
    expect(await within("the server", server.outcome, server.output, 60_000)).toBe("ready");
    const text = readFileSync(join(folder, "sub", "err.log"), "utf8");
    expect(text).toContain("from a worker\n");
    expect(text).toContain("worker:ready");
    expect(readdirSync(folder)).toEqual(["app.mjs", "sub"]);
    expect(readdirSync(join(folder, "sub"))).toEqual(["app.mjs", "err.log"]);
  });
});
