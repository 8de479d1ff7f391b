// Unix sockets with their mode from the first moment, listening without accepting, backlogs, and flock(2).
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { binding, skipReason } from "./support.ts";

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "brood-native-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

function connects(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const settle = (how: string): void => {
      socket.destroy();
      resolve(how);
    };
    socket.once("connect", () => settle("connected"));
    socket.once("error", (error) => settle("code" in error ? String(error.code) : error.message));
  });
}

describe.skipIf(skipReason !== null)("bindUnix", () => {
  it.each([0o600, 0o660, 0o000])("makes the file with mode %o, whatever the umask lets through", (mode) => {
    const path = join(folder(), "s");
    const umask = process.umask(0);
    const fd = binding().bindUnix(path, mode);
    process.umask(umask);
    onTestFinished(() => closeSync(fd));
    expect(statSync(path).mode & 0o7777).toBe(mode);
  });

  it("takes clients once it listens, and leaves its file when it is closed", async () => {
    const path = join(folder(), "s");
    const fd = binding().bindUnix(path, 0o600);
    expect([binding().backlogOf(fd), await connects(path)]).toEqual([0, "ECONNREFUSED"]);
    binding().listenOn(fd, 37);
    expect([binding().backlogOf(fd), await connects(path)]).toEqual([37, "connected"]);
    closeSync(fd);
    expect([existsSync(path), await connects(path)]).toEqual([true, "ECONNREFUSED"]);
  });

  it("refuses with a code", () => {
    const path = join(folder(), "s");
    closeSync(binding().bindUnix(path, 0o600));
    const bind = (wanted: string) => () => binding().bindUnix(wanted, 0o600);
    const refusal = (code: string) => expect.objectContaining({ code, syscall: "bind" });
    expect(bind(path)).toThrowError(refusal("EADDRINUSE"));
    expect(bind(join(path, "no"))).toThrowError(refusal("ENOTDIR"));
    for (const wanted of ["", "x".repeat(108), "a\0b"]) {
      expect(bind(wanted)).toThrowError(refusal("ENAMETOOLONG"));
    }
  });
});

describe.skipIf(skipReason !== null)("backlogOf", () => {
  it("tells the backlog of a TCP socket too", async () => {
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 21 }, resolve));
    const handle: unknown = Reflect.get(server, "_handle");
    expect(binding().backlogOf(Number(Reflect.get(Object(handle), "fd")))).toBe(21);
  });

  it("refuses what is no socket", () => {
    const fd = openSync("/dev/null", "r");
    onTestFinished(() => closeSync(fd));
    expect(() => binding().backlogOf(fd)).toThrowError(expect.objectContaining({ code: "ENOTSOCK" }));
  });
});

describe.skipIf(skipReason !== null)("lockFile", () => {
  it("is one open file's at a time, in one process too, and goes with its descriptor", () => {
    const path = join(folder(), "lock");
    const [first, second] = [openSync(path, "w"), openSync(path, "w")];
    onTestFinished(() => closeSync(second));
    expect([binding().lockFile(first), binding().lockFile(second), binding().lockFile(first)]).toEqual([
      true,
      false,
      true,
    ]);
    closeSync(first);
    expect(binding().lockFile(second)).toBe(true);
    expect(() => binding().lockFile(999_999)).toThrowError(expect.objectContaining({ code: "EBADF" }));
  });
});
