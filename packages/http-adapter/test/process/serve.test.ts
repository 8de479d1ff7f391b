import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Server, serve } from "@brood/http-adapter";
import { describe, expect, it, onTestFinished } from "vitest";
import { testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const APP = "export default (request, response) => response.end(String(process.pid));";

type Config = Parameters<typeof serve>[0];

async function start(folder: string, config: Partial<Config> = {}): Promise<Server> {
  const where = { entry: "app.mjs", cwd: folder, listen: "127.0.0.1:0" };
  const base: Config = { ...where, spawn: SPAWN, workers: 1, minHealthyMs: 50 };
  const server = await serve({ ...base, ...config });
  onTestFinished(() => server.stop({ now: true }));
  return server;
}

async function get(server: Server): Promise<string> {
  const url = `http://${server.addresses[0]?.replace("tcp://", "")}`;
  return (await fetch(url, { headers: { connection: "close" } })).text();
}

describe("serve()", () => {
  it("serves from any host process: workers answer, stats tell, stop frees the addresses", async () => {
    const folder = await testFolder({ "app.mjs": APP });
    const server = await start(folder, {
      listen: ["127.0.0.1:0", "unix:app.sock"],
      pidfile: "pid",
      workers: 2,
    });
    expect(server.addresses).toEqual([
      expect.stringMatching(/^tcp:\/\/127\.0\.0\.1:\d+$/),
      `unix:${join(folder, "app.sock")}`,
    ]);
    const pids = server.stats().workers.map((each) => String(each.pid));
    expect(pids).toContain(await get(server));
    expect(server.stats()).toMatchObject({ ready: 2, generation: 1, handoff: "listener", state: "running" });
    expect(Object.isFrozen(server.stats())).toBe(true);
    expect(readFileSync(join(folder, "pid"), "utf8")).toBe(`${process.pid}\n`);
    expect(await server.restart()).toMatchObject({ result: "completed", from: 1, to: 2, replaced: 2 });
    expect(pids).not.toContain(await get(server));
    await within("stop", server.stop());
    await within("stopped", server.stopped);
    await expect(get(server)).rejects.toThrowError();
    expect(readdirSync(folder)).toEqual(["app.mjs"]);
  });

  it("touches nothing global, opens no control socket unasked, and two live side by side", async () => {
    const signals = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGTTIN", "SIGTTOU", "SIGHUP"];
    const counts = (): readonly number[] => signals.map((signal) => process.listenerCount(signal));
    const before = counts();
    const folder = await testFolder({ "app.mjs": APP });
    const [first, second] = await Promise.all([start(folder), start(folder)]);
    expect(first?.control).toBeNull();
    expect(await get(first)).not.toBe(await get(second));
    expect(counts()).toEqual(before);
    await first.stop();
    expect(await get(second)).toMatch(/^\d+$/);
  });

  it("leaves nothing behind when the first boot fails", async () => {
    const folder = await testFolder({ "app.mjs": "throw new Error('no database');" });
    const control = join(folder, "control");
    await expect(start(folder, { listen: "unix:app.sock", pidfile: "pid", control })).rejects.toMatchObject({
      code: "BROOD_BOOT_FAILED",
      message: expect.stringContaining("no database"),
    });
    expect(readdirSync(folder)).toEqual(["app.mjs"]);
  });

  it("gives up a start that is aborted", async () => {
    const folder = await testFolder({ "app.mjs": "await new Promise((r) => setTimeout(r, 1e6));" });
    const starting = new AbortController();
    const server = serve(
      { entry: "app.mjs", cwd: folder, workers: 1, spawn: SPAWN, listen: "unix:app.sock" },
      { signal: starting.signal },
    );
    starting.abort();
    await expect(within("end of the start", server)).rejects.toMatchObject({ code: "BROOD_CLOSED" });
    expect(readdirSync(folder)).toEqual(["app.mjs"]);
  });

  it("refuses a bad option before it binds anything", async () => {
    const folder = await testFolder({ "app.mjs": APP });
    await expect(start(folder, { listen: "unix:app.sock", maxFailures: 0 })).rejects.toMatchObject({
      code: "BROOD_BAD_OPTION",
    });
    expect(existsSync(join(folder, "app.sock"))).toBe(false);
  });

  it("joins repeated stops, and `now` hurries a slow one", async () => {
    const slow = "export default (request, response) => { globalThis.pending = response; };";
    const folder = await testFolder({ "app.mjs": slow });
    const server = await start(folder, { drainTimeoutMs: 600_000 });
    const answer = get(server).catch((error: unknown) => error);
    const isTaken = async (): Promise<boolean> => (await server.freshStats()).workers[0]?.connections === 1;
    await within("the request", seen(isTaken));
    const stops = [server.stop(), server.stop()];
    await within("stop now", Promise.all([...stops, server.stop({ now: true })]));
    expect(await answer).toBeInstanceOf(Error);
  });
});
