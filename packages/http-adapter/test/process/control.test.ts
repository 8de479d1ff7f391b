import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PoolError, type RollResult, type ServiceStats } from "@brood/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readEvents, type ServerEvent } from "../../src/cli/event-reader.ts";
import { callControl } from "../../src/control/client.ts";
import { type ControlServer, openControlServer } from "../../src/control/server.ts";
import type { ControlTarget } from "../../src/control/target.ts";
import { within } from "../support/within.ts";

const ROLL: RollResult = {
  id: "r1",
  from: 1,
  to: 2,
  result: "completed",
  replaced: 4,
  killed: 0,
  moved: 7,
  durationMs: 9,
  fromRelease: null,
  toRelease: null,
  unchanged: false,
  changed: [],
};

/** Leaves what SIGKILL leaves: a socket file that nobody listens on. */
const LISTEN_AND_DIE = `
require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;

/** A server that notes what it was asked to do. */
class FakeTarget extends EventEmitter {
  readonly asked: string[] = [];
  roll: Promise<RollResult> = Promise.resolve(ROLL);
  desired = 4;

  stats(): ServiceStats {
    return { desired: this.desired, ready: this.desired } as ServiceStats;
  }
  async freshStats(): Promise<ServiceStats> {
    return this.stats();
  }
  restart(): Promise<RollResult> {
    this.asked.push("restart");
    return this.roll;
  }
  async scale(workers: number): Promise<void> {
    this.asked.push(`scale ${workers}`);
    this.desired = workers;
  }
  async stop({ now }: { now: boolean }): Promise<void> {
    this.asked.push(`stop now=${now}`);
  }
}

describe("control socket", () => {
  let folder = "";
  let path = "";
  let target = new FakeTarget();
  let servers: ControlServer[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "brood-control-"));
    path = join(folder, "brood-0", "shop.sock");
    target = new FakeTarget();
  });

  afterEach(async () => {
    await Promise.all(servers.map((each) => each.close()));
    servers = [];
    rmSync(folder, { recursive: true });
  });

  async function open(): Promise<ControlServer> {
    const server = await openControlServer(path, true);
    servers.push(server);
    server.attach(target as unknown as ControlTarget);
    return server;
  }

  it("is closed to others: folder 0700, socket 0600, nothing else in the folder", async () => {
    mkdirSync(join(folder, "brood-0"));
    chmodSync(join(folder, "brood-0"), 0o755);
    await open();
    expect(statSync(join(folder, "brood-0")).mode & 0o777).toBe(0o700);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, "brood-0"))).toEqual(["shop.sock"]);
  });

  it("does not trust a folder that is a symlink or a file", async () => {
    mkdirSync(join(folder, "elsewhere"));
    symlinkSync(join(folder, "elsewhere"), join(folder, "brood-0"));
    await expect(open()).rejects.toMatchObject({
      code: "BROOD_CONTROL_FAILED",
      message: expect.stringMatching(/cannot hold the control socket: it is no folder\. Give another path/),
    });
  });

  it("is the lock on the name: a second live server is refused, a dead one's socket replaced", async () => {
    expect((await open()).predecessorDied).toBe(false);
    await expect(open()).rejects.toMatchObject({
      code: "BROOD_ADDRESS_IN_USE",
      message: `control socket unix:${path} is in use: a server of this name runs. Stop it, or give this one another --name.`,
    });
    await servers.pop()?.close();
    await within("death of a server", once(spawn(process.execPath, ["-e", LISTEN_AND_DIE, path]), "exit"));
    expect((await open()).predecessorDied).toBe(true);
  });

  it("answers stats, restart, scale and stop", async () => {
    await open();
    expect(await callControl(path, "GET", "/stats")).toEqual({ status: 200, body: { desired: 4, ready: 4 } });
    expect(await callControl(path, "POST", "/restart")).toEqual({ status: 200, body: ROLL });
    expect(await callControl(path, "POST", "/restart?wait=false")).toEqual({
      status: 202,
      body: { accepted: true },
    });
    expect(await callControl(path, "POST", "/scale", { workers: "+2" })).toEqual({
      status: 200,
      body: { desired: 6, ready: 6 },
    });
    await callControl(path, "POST", "/stop");
    await callControl(path, "POST", "/stop?now=true");
    expect(target.asked).toEqual(["restart", "restart", "scale 6", "stop now=false", "stop now=true"]);
  });

  it("does not wait with ?wait=false, but tells that a restart was refused", async () => {
    await open();
    target.roll = new Promise(() => undefined);
    expect((await within("answer", callControl(path, "POST", "/restart?wait=false"))).status).toBe(202);
    target.restart = () => Promise.reject(new PoolError("BROOD_CLOSED", "stopped"));
    await expect(callControl(path, "POST", "/restart?wait=false")).rejects.toMatchObject({
      code: "BROOD_CLOSED",
      details: { status: 409 },
    });
  });

  it.each([
    ["POST", "/scale", { workers: "many" }, 400, /^option workers: got "many"/],
    ["POST", "/scale", {}, 400, /^option workers: got undefined/],
    ["POST", "/scale", "text", 400, /^option body: got "\\"text\\"", expected a JSON object/],
    [
      "POST",
      "/scale",
      { pad: "x".repeat(20_000) },
      400,
      /^option body: got .* bytes", expected at most 16384 bytes/,
    ],
    ["POST", "/restart?wait=maybe", undefined, 400, /^option \?wait: got "maybe", expected true or false/],
    ["GET", "/restart", undefined, 405, /^GET is not accepted for \/restart\.$/],
    ["GET", "/nothing", undefined, 404, /^\/nothing is unknown; there are \/stats,/],
  ] as const)("refuses %s %s %j with %i", async (method, route, body, status, message) => {
    await open();
    await expect(callControl(path, method, route, body)).rejects.toMatchObject({
      message: expect.stringMatching(message),
      details: { status },
    });
    expect(target.asked).toEqual([]);
  });

  it("goes on with the roll when the client goes away", async () => {
    await open();
    let settle = (_: RollResult): void => undefined;
    target.roll = new Promise((resolve) => {
      settle = resolve;
    });
    const asking = request({ socketPath: path, method: "POST", path: "/restart", agent: false });
    asking.on("error", () => undefined).end();
    const asked = (async () => {
      while (target.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    })();
    await within("restart", asked);
    asking.destroy();
    settle(ROLL);
    expect((await callControl(path, "GET", "/stats")).status).toBe(200);
  });

  it("streams one event for each lifecycle event, and ends when the server does", async () => {
    const server = await open();
    const events: ServerEvent[] = [];
    const heard = new EventEmitter();
    const end = await readEvents(path, (event) => {
      events.push(event);
      heard.emit(`heard ${event.name}`);
    });
    target.emit("worker:ready", { slot: 0, worker: "w1" });
    target.emit("worker:message", { secret: true });
    target.emit("error", new PoolError("BROOD_BUG", "oh"));
    target.emit("roll:ended", ROLL);
    await within("roll:ended", once(heard, "heard roll:ended"));
    expect(events).toEqual([
      { name: "worker:ready", data: { slot: 0, worker: "w1" } },
      { name: "error", data: { code: "BROOD_BUG", message: "oh" } },
      { name: "roll:ended", data: { ...ROLL } },
    ]);
    await within("close", server.close());
    servers = [];
    expect(target.listenerCount("roll:ended")).toBe(0);
    end();
  });

  it("says so when nobody is there", async () => {
    await expect(callControl(path, "GET", "/stats")).rejects.toMatchObject({
      code: "BROOD_CONTROL_FAILED",
      message: `no server is running at ${path}: point --name or --control at one that does.`,
    });
  });

  it("answers 503 until the server has its sockets", async () => {
    servers.push(await openControlServer(path, true));
    await expect(callControl(path, "GET", "/stats")).rejects.toMatchObject({ details: { status: 503 } });
  });
});
