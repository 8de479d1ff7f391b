// `faultInjector` against real workers: the fault is there when the call resolves, does what its name says, and is gone
// when the injector is closed.

import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createService } from "@brood/core";
import { serve } from "@brood/http-adapter";
import { bootOrders, fullDisk, type TestServer, testServer } from "@brood/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { injecting, plainApp, started } from "../support/brood.ts";
import { until } from "../support/until.ts";

const DEADLINE_MS = 20_000;

const allReady = (server: TestServer, what: string): Promise<void> =>
  until(what, () => server.stats().ready === server.stats().desired, DEADLINE_MS);

const stateOf = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2).charAt(0);
};

describe("killWorker", () => {
  it.each(["SIGKILL", "SIGABRT", "SIGTERM"] as const)(
    "strikes the worker of that slot by %s, and the slot is filled again",
    async (signal) => {
      const server = await started({ files: plainApp("v1") });
      const victim = await injecting(server).killWorker(1, signal);
      expect(victim).toMatchObject({ slot: 1, generation: 1 });
      await until(
        "another worker in slot 1",
        () => server.stats().workers.every(({ worker }) => worker !== victim.worker),
        DEADLINE_MS,
      );
      await allReady(server, "a full server");
      const { counters } = server.stats();
      expect([counters.spawned, counters.exited]).toEqual([3, 1]);
    },
  );

  it("refuses a slot without a worker, a signal that workers ignore, and all calls when closed", async () => {
    const server = await started({ files: plainApp("v1") });
    const inject = injecting(server);
    await expect(inject.killWorker(7)).rejects.toThrow("option slot: got 7, expected one of 0, 1");
    // @ts-expect-error: not one of the signals
    await expect(inject.killWorker(0, "SIGHUP")).rejects.toThrow(/option signal: got "SIGHUP"/);
    await expect(inject.killTemplate()).rejects.toThrow(/option spawn: got "fresh", expected .* no template/);
    await inject.close();
    await expect(inject.killWorker(0)).rejects.toMatchObject({ code: "BROOD_CLOSED" });
    expect(server.stats().counters.exited).toBe(0);
  });

  it("strikes a service that is no server", async () => {
    const folder = mkdtempSync(join(tmpdir(), "brood-service-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "plain.mjs"), "export default () => {};");
    const service = createService({ entry: join(folder, "plain.mjs"), workers: 1, compileCache: false });
    onTestFinished(() => service.stop({ now: true }));
    await service.start();
    await injecting(service).killWorker(0);
    await until("the replacement", () => service.stats().ready === 1, DEADLINE_MS);
    expect(service.stats().counters.crashed).toBe(1);
  });
});

describe("freezeWorker", () => {
  it("stops the process until its time is over", async () => {
    const server = await started({ files: plainApp("v1") });
    const freeze = await injecting(server).freezeWorker(0, 100);
    expect(stateOf(freeze.pid)).toBe("T");
    await freeze.ended;
    expect(stateOf(freeze.pid)).not.toBe("T");
    expect(server.stats().counters.exited).toBe(0);
  });

  it("ends with thaw(), and with the injector", async () => {
    const server = await started({ files: plainApp("v1") });
    const inject = injecting(server);
    const [first, second] = [await inject.freezeWorker(0, 600_000), await inject.freezeWorker(1, 600_000)];
    first.thaw();
    await first.ended;
    expect([stateOf(first.pid) === "T", stateOf(second.pid)]).toEqual([false, "T"]);
    await inject.close();
    expect(stateOf(second.pid)).not.toBe("T");
    expect(process.listenerCount("exit", first.thaw)).toBe(0);
  });

  it("is what a heartbeat timeout is for: the worker is killed and replaced, and the freeze is over", async () => {
    const server = await started({ files: plainApp("v1"), heartbeatTimeoutMs: 500 });
    const reasons: (string | undefined)[] = [];
    server.on("worker:exited", ({ reason }) => void reasons.push(reason?.code));
    const freeze = await injecting(server).freezeWorker(0, 600_000);
    await freeze.ended;
    expect(reasons).toEqual(["BROOD_HEARTBEAT_TIMEOUT"]);
    await allReady(server, "the replacement");
  });
});

describe("failBoots and slowBoots", () => {
  it("fail exactly so many boots, and the next deploy is not touched", async () => {
    const server = await started({ files: plainApp("v1") });
    const fault = await injecting(server).failBoots(1);
    expect(fault.pending()).toBe(1);
    expect(await server.deploy(plainApp("v2"))).toMatchObject({
      result: "failed",
      reason: { code: "BROOD_BOOT_FAILED", exitCode: 1, stderr: expect.stringContaining("failBoots()") },
    });
    expect(fault.pending()).toBe(0);
    expect(await (await server.fetch()).text()).toBe("v1");
    expect(await server.deploy(plainApp("v2"))).toMatchObject({ result: "completed" });
    expect(await (await server.fetch()).text()).toBe("v2");
  });

  it("hit respawns too: two failed ones, then the slot is filled", async () => {
    const server = await started({ files: plainApp("v1") });
    const inject = injecting(server);
    const fault = await inject.failBoots(2);
    await inject.killWorker(0);
    await until("both orders are taken", () => fault.pending() === 0, DEADLINE_MS);
    await allReady(server, "the replacement");
    expect(server.stats().counters.spawned).toBe(5);
  });

  it("slow a boot down, beyond its deadline if asked", async () => {
    const server = await started({ files: plainApp("v1"), workers: 1, bootTimeoutMs: 3_000 });
    const inject = injecting(server);
    await inject.slowBoots(1, 700);
    const slow = await server.deploy(plainApp("v2"));
    expect(slow.result).toBe("completed");
    expect(server.stats().workers[0]?.readyAfterMs).toBeGreaterThan(700);
    await inject.slowBoots(1, 600_000);
    expect(await server.deploy(plainApp("v3"))).toMatchObject({
      result: "failed",
      reason: { code: "BROOD_BOOT_TIMEOUT" },
    });
  });

  it("are taken back by cancel(), and by closing", async () => {
    const server = await started({ files: plainApp("v1"), workers: 1 });
    const inject = injecting(server);
    (await inject.failBoots(3)).cancel();
    const left = await inject.failBoots(1);
    await inject.close();
    expect(left.pending()).toBe(0);
    expect(await server.deploy(plainApp("v2"))).toMatchObject({ result: "completed" });
  });

  it("do not reach what a worker itself starts", async () => {
    const source = `import { fork } from "node:child_process";
      import { Worker } from "node:worker_threads";
      export default (request, response) => {
        const thread = request.url === "/thread";
        const child = thread ? new Worker("", { eval: true }) : fork(new URL("./child.mjs", import.meta.url));
        child.once("exit", (code) => response.end(String(code)));
      };`;
    const server = await started({ files: { "server.mjs": source, "child.mjs": "" }, workers: 1 });
    const fault = await injecting(server).failBoots(1);
    expect(await (await server.fetch("/thread")).text()).toBe("0");
    expect(await (await server.fetch("/process")).text()).toBe("0");
    expect(fault.pending()).toBe(1);
  });

  it("reach a server started by serve() that was given orders, and are refused without", async () => {
    const folder = mkdtempSync(join(tmpdir(), "brood-foreign-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "server.mjs"), plainApp("v1")["server.mjs"]);
    const boots = bootOrders();
    onTestFinished(() => boots.close());
    const server = await serve({
      entry: join(folder, "server.mjs"),
      listen: "127.0.0.1:0",
      workers: 1,
      execArgv: boots.execArgv,
      compileCache: false,
    });
    onTestFinished(() => server.stop({ now: true }));
    await expect(injecting(server).failBoots(1)).rejects.toThrow(
      /Start it with testServer\(\), or with execArgv/,
    );
    await injecting(server, { boots }).failBoots(1);
    expect(await server.restart()).toMatchObject({ result: "failed", reason: { exitCode: 1 } });
  });
});

describe("exhaustDescriptors", () => {
  it("of the supervisor: no worker can be started until it is released, and then it is", async () => {
    const server = await started({ files: plainApp("v1") });
    const reasons: (string | undefined)[] = [];
    server.on("worker:exited", ({ reason }) => void reasons.push(reason?.code));
    const inject = injecting(server);
    const shortage = await inject.exhaustDescriptors();
    expect(() => openSync("/dev/null", "r")).toThrow("EMFILE");
    await inject.killWorker(0);
    await until("a spawn has failed", () => reasons.includes("BROOD_SPAWN_FAILED"), DEADLINE_MS);
    shortage.release();
    closeSync(openSync("/dev/null", "r"));
    await allReady(server, "the replacement");
    expect(await (await server.fetch()).text()).toBe("v1");
  });

  it("of a worker: what it has open goes on, and it can open nothing until it is released", async () => {
    const source = `import { closeSync, openSync } from "node:fs";
      const opens = () => { try { closeSync(openSync("/dev/null")); return "ok"; } catch (error) { return error.code; } };
      export default (request, response) => response.end(opens());`;
    const server = await started({ files: { "server.mjs": source }, workers: 1 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const ask = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const asked = request(server.url, { agent }, (answer) => {
          answer.setEncoding("utf8").once("data", resolve);
        });
        asked.once("error", reject).end();
      });
    const limit = (): string =>
      execFileSync("prlimit", ["--pid", String(server.stats().workers[0]?.pid), "--nofile", "-o", "SOFT"], {
        encoding: "utf8",
      });
    const before = limit();
    expect(await ask()).toBe("ok");
    const inject = injecting(server);
    await inject.exhaustDescriptors(0);
    expect(await ask()).toBe("EMFILE");
    await inject.close();
    expect(await ask()).toBe("ok");
    expect(limit()).toBe(before);
  });
});

describe("fullDisk", () => {
  it("serve() refuses the pidfile by name and with the reason, and leaves nothing", async () => {
    const disk = fullDisk();
    onTestFinished(() => disk.close());
    await expect(testServer({ files: plainApp("v1"), pidfile: disk.pidfile })).rejects.toMatchObject({
      code: "BROOD_BAD_OPTION",
      message: expect.stringMatching(
        /^option pidfile: got ".*app\.pid", expected .* \(ENOSPC: no space left/,
      ),
    });
  });

  it("a log file on it takes no server down", async () => {
    const disk = fullDisk();
    onTestFinished(() => disk.close());
    const folder = mkdtempSync(join(tmpdir(), "brood-full-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const source = `console.log("lost"); ${plainApp("v1")["server.mjs"]}`;
    writeFileSync(join(folder, "server.mjs"), source);
    const entry = join(folder, "server.mjs");
    const config = { entry, listen: "127.0.0.1:0", workers: 1, compileCache: false, stdout: disk.logFile };
    const server = await serve(config);
    onTestFinished(() => server.stop({ now: true }));
    expect((await server.restart()).result).toBe("completed");
  });
});
