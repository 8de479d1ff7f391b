// What becomes of a unix path under a running server when somebody removes it, puts something else there, or when the
// program itself looks after it as if it were alone.

import { once } from "node:events";
import { existsSync, promises as fs, statSync, watch } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import type { Logger } from "@brood/core";
import { type ServeConfig, type Server, serve } from "@brood/http-adapter";
import { describe, expect, it, onTestFinished } from "vitest";
import { callControl } from "../../src/control/client.ts";
import { testFolder } from "../support/brood-server.ts";
import { fetchOver } from "../support/fetch-over.ts";
import { rowsOf, SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const APP = `export default (request, response) => response.end("here");`;

/** The usual lines of a server behind a proxy, which is alone with its socket. */
const LOOKS_AFTER_ITS_SOCKET = `
const fs = require("node:fs");
const path = process.env.APP_SOCKET;
try { fs.unlinkSync(path); } catch {}
const server = require("node:http").createServer((request, response) => response.end("here"));
server.listen(path, () => fs.chmodSync(path, 0o660));
process.on("SIGTERM", () => server.close(async () => {
  try { fs.unlinkSync(path); } catch {}
  fs.unlink(path, () => {});
  await fs.promises.rm(path, { force: true });
  fs.rmSync(path, { force: true });
  process.exit(0);
}));`;

interface Log {
  readonly logger: Logger;
  /** The next line that has this in it. */
  says(text: string): Promise<void>;
}

function listenTo(): Log {
  const lines: string[] = [];
  let wake = (): void => undefined;
  const log = (message: string): void => {
    lines.push(message);
    wake();
  };
  const says = async (text: string): Promise<void> => {
    for (;;) {
      const index = lines.findIndex((line) => line.includes(text));
      if (index >= 0) return void lines.splice(0, index + 1);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    logger: { debug: log, info: log, warn: log, error: log },
    says: (text) => within(`the log says "${text}"`, says(text), () => lines.join("\n")),
  };
}

async function serving(folder: string, config: Partial<ServeConfig>): Promise<Server> {
  const server = await serve({
    entry: join(folder, "app.mjs"),
    workers: 1,
    minHealthyMs: 0,
    spawn: SPAWN,
    compileCache: false,
    ...config,
  });
  onTestFinished(() => server.stop({ now: true }));
  return server;
}

/** Something of that name is made in the folder, after it was gone. */
function appears(folder: string, name: string): Promise<void> {
  let wasGone = false;
  const made = new Promise<void>((resolve) => {
    const watcher = watch(folder, () => {
      const isThere = existsSync(join(folder, name));
      if (isThere && wasGone) resolve();
      wasGone ||= !isThere;
    });
    onTestFinished(() => watcher.close());
  });
  return within(name, made);
}

async function answerAt(path: string): Promise<string> {
  return (await fetchOver("http", { target: { path } }, "/")).body;
}

async function listensAt(path: string): Promise<net.Server> {
  const server = net.createServer((socket) => socket.end());
  onTestFinished(() => void server.close());
  server.listen(path);
  await once(server, "listening");
  return server;
}

describe("a unix path that is removed under a running server", () => {
  it.each(
    rowsOf(["listener", "connection"] as const, (each) => each === "listener", "kept paths, connection"),
  )("is put back, and what is put in its place is left alone and said, with handoff %s", async (handoff) => {
    const folder = await testFolder({ "app.mjs": APP });
    const path = join(folder, "app.sock");
    const log = listenTo();
    const server = await serving(folder, { listen: `unix:${path}`, handoff, logger: log.logger });
    const { ino } = statSync(path);
    for (const again of [1, 2]) {
      await fs.unlink(path);
      await log.says(`unix:${path} had been removed and was put back`);
      expect([again, statSync(path).ino, await answerAt(path)]).toEqual([again, ino, "here"]);
    }
    // The second name is made again too.
    const made = appears(folder, ".app.sock.kept");
    await fs.unlink(join(folder, ".app.sock.kept"));
    await made;
    await fs.rename(path, `${path}.away`);
    await log.says("was put back");
    await fs.unlink(`${path}.away`);

    await listensAt(join(folder, "other.sock"));
    await fs.rename(join(folder, "other.sock"), path);
    await log.says(`unix:${path} is another program's file now`);
    expect(server.stats().unreachable).toEqual([`unix:${path}`]);
    await fs.unlink(path);
    await log.says("was put back");
    expect(server.stats().unreachable).toBeUndefined();
    expect(await answerAt(path)).toBe("here");

    await server.stop({ now: true });
    expect(await fs.readdir(folder)).toEqual(["app.mjs"]);
  });

  it("is said to be gone when its folder went too", async () => {
    const folder = await testFolder({ "app.mjs": APP, "run/.keep": "" });
    const path = join(folder, "run", "app.sock");
    const log = listenTo();
    const server = await serving(folder, { listen: `unix:${path}`, logger: log.logger });
    await fs.rm(join(folder, "run"), { recursive: true });
    await log.says(`unix:${path} was removed and cannot be put back`);
    expect(server.stats().unreachable).toEqual([`unix:${path}`]);
  });
});

describe("a control socket that is removed under a running server", () => {
  it("is bound anew, its folder too, and requests under way are answered", async () => {
    const folder = await testFolder({ "app.mjs": APP, "run/.keep": "" });
    const path = join(folder, "control.sock");
    const log = listenTo();
    await serving(folder, { listen: "127.0.0.1:0", control: path, logger: log.logger });
    const restarting = callControl(path, "POST", "/restart");
    await log.says("worker:spawned");
    await fs.unlink(path);
    await log.says(`unix:${path} had been removed and was put back`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await callControl(path, "GET", "/stats")).status).toBe(200);
    expect((await restarting).body).toMatchObject({ result: "completed" });

    await listensAt(join(folder, "other.sock"));
    await fs.rename(join(folder, "other.sock"), path);
    await log.says(`unix:${path} is another program's file now`);
  });
});

describe("a program that removes its socket and sets its mode", () => {
  it("cuts nobody off: not when a worker boots, nor when one ends", async () => {
    const folder = await testFolder({ "app.cjs": LOOKS_AFTER_ITS_SOCKET });
    const path = join(folder, "app.sock");
    const log = listenTo();
    const server = await serving(folder, {
      entry: join(folder, "app.cjs"),
      workers: 2,
      listen: `unix:${path}`,
      env: { ...process.env, APP_SOCKET: path },
      logger: log.logger,
    });
    const { ino, mode } = statSync(path);
    expect(mode & 0o777).toBe(0o660);
    let isOver = false;
    const asking = (async () => {
      const answers = new Set<string>();
      while (!isOver) answers.add(await answerAt(path).catch((error: unknown) => String(error)));
      return answers;
    })();
    expect((await server.restart()).result).toBe("completed");
    isOver = true;
    expect(await asking).toEqual(new Set(["here"]));
    expect(statSync(path).ino).toBe(ino);
  });

  it("listens on the server's port when that is where it is served", async () => {
    const folder = await testFolder({ "app.cjs": LOOKS_AFTER_ITS_SOCKET });
    const server = await serving(folder, {
      entry: join(folder, "app.cjs"),
      listen: "127.0.0.1:0",
      env: { ...process.env, APP_SOCKET: join(folder, "app.sock") },
    });
    const port = Number(server.addresses[0]?.split(":").at(-1));
    expect((await fetchOver("http", { target: { host: "127.0.0.1", port } }, "/")).body).toBe("here");
    expect(await fs.readdir(folder)).toEqual(["app.cjs"]);
  });
});
