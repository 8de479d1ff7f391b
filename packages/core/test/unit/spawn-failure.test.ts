// An errno of spawn, told as what it is.

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { explainSpawnFailure } from "../../src/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "brood-errno-"));
writeFileSync(join(folder, "file"), "");
symlinkSync("circle", join(folder, "circle"));
afterAll(() => rmSync(folder, { recursive: true }));

function errno(code: string, path = process.execPath): Error {
  return Object.assign(new Error(`spawn ${path} ${code}`), { code, syscall: `spawn ${path}` });
}

describe("a spawn that fails", () => {
  it.each([
    ["ENOENT", "gone", "does not exist any more"],
    ["ENOTDIR", "file", "is no folder"],
    ["ENOTDIR", "file/below", "is no folder, or lies below something that is none"],
    ["ELOOP", "circle", "leads through a circle of symlinks"],
    ["ENAMETOOLONG", "n".repeat(300), "is longer than a path may be"],
  ])("G66: %s names the working directory %s", (code, name, trouble) => {
    const path = join(folder, name);
    const { code: told, message } = explainSpawnFailure(errno(code), path);
    expect(told).toBe("BROOD_RELEASE_NOT_FOUND");
    expect(message).toContain(`its working directory ${path} ${trouble} (spawn ${process.execPath} ${code})`);
    expect(message).not.toContain("limit");
  });

  it("names Node where the working directory is there", () => {
    const { execPath } = process;
    process.execPath = join(folder, "node");
    try {
      expect(explainSpawnFailure(errno("ENOENT"), folder)).toEqual({
        code: "BROOD_SPAWN_FAILED",
        message: expect.stringMatching(
          /^Node itself, \S+\/node, does not exist any more .* Start the server anew/,
        ),
      });
    } finally {
      process.execPath = execPath;
    }
  });

  it.each([
    ["EAGAIN", "limit on processes"],
    ["ENOMEM", "no memory"],
    ["EMFILE", "as many descriptors open as it may"],
    ["ENFILE", "fs.file-max"],
    ["E2BIG", "arguments and environment"],
    ["EPERM", "seccomp"],
    ["ENOEXEC", "cannot be run here"],
    ["ETXTBSY", "being written to"],
    ["EBADF", "a socket"],
    ["EINVAL", "execArgv"],
    ["ENOSYS", "kernel"],
  ])("tells what %s means: %s", (code, meaning) => {
    expect(explainSpawnFailure(errno(code), folder)).toEqual({
      code: "BROOD_SPAWN_FAILED",
      message: expect.stringContaining(meaning),
    });
  });

  it("finds the errno in a message that threads and forks give, and leaves what explains itself", () => {
    const thread = new Error("Worker initialization failure: EMFILE");
    expect(explainSpawnFailure(thread, folder).message).toContain("descriptors open");
    expect(explainSpawnFailure("fork: EAGAIN", folder).message).toContain("limit on processes");
    expect(explainSpawnFailure(new Error("Call it again."), folder).message).toBe("Call it again.");
    expect(explainSpawnFailure(new Error("something else"), null).message).toMatch(
      /^something else\. Look at/,
    );
  });
});
