import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseAddress } from "../../src/listen/addresses.ts";
import { bindAddresses } from "../../src/listen/bind.ts";
import { inspectPath } from "../../src/listen/unix-path.ts";
import { within } from "../support/within.ts";

describe("a unix path", () => {
  let folder = "";
  let path = "";

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "brood-path-")));
    path = join(folder, "app.sock");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const bind = () => bindAddresses([parseAddress(`unix:${path}`, folder)], 0);

  /** What a killed server leaves behind. */
  async function leaveStale(): Promise<void> {
    const source = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    await within("death of the owner", once(spawn(process.execPath, ["-e", source]), "exit"));
  }

  it("is absent, live, stale or foreign", async () => {
    expect(await inspectPath(path)).toBe("absent");
    await leaveStale();
    expect(await inspectPath(path)).toBe("stale");
    rmSync(path);
    const server = net.createServer().listen(path);
    await once(server, "listening");
    expect(await inspectPath(path)).toBe("live");
    server.close();
    await once(server, "close");
    writeFileSync(path, "precious");
    expect(await inspectPath(path)).toBe("foreign");
  });

  it("is taken over from a server that was killed", async () => {
    await leaveStale();
    const before = statSync(path).ino;
    const [socket] = await bind();
    expect(statSync(path).ino).not.toBe(before);
    expect(await inspectPath(path)).toBe("live");
    await socket?.release();
    expect(await inspectPath(path)).toBe("absent");
  });

  it("is refused while someone listens there, and theirs stays", async () => {
    const server = net.createServer((socket) => socket.end()).listen(path);
    await once(server, "listening");
    await expect(bind()).rejects.toMatchObject({
      code: "BROOD_ADDRESS_IN_USE",
      message: `address unix:${path} is in use: stop the program that listens there, or use another path.`,
    });
    expect(await inspectPath(path)).toBe("live");
    server.close();
    await once(server, "close");
  });

  it("is refused when it is another kind of file, which stays as it was", async () => {
    writeFileSync(path, "precious");
    await expect(bind()).rejects.toMatchObject({ code: "BROOD_ADDRESS_UNAVAILABLE" });
    expect(readFileSync(path, "utf8")).toBe("precious");
  });
});
