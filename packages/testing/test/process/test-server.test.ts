// `testServer`: a real server that a test starts, asks, deploys and forgets.

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testServer } from "@brood/testing";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { expressApp, plainApp, started } from "../support/brood.ts";

/** A temporary folder of its own, so that whatever stays there is ours. */
let temporary = "";

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "brood-tmp-"));
  vi.stubEnv("TMPDIR", temporary);
  // Registered first, so it runs last, when the test's server is closed.
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(temporary, { recursive: true });
  });
});

const left = (): string[] => readdirSync(temporary);

describe("testServer", () => {
  it.each(["tcp", "unix"] as const)("starts over %s, answers, deploys files and an entry", async (listen) => {
    const server = await started({ files: expressApp("v1"), listen });
    expect(server.url).toMatch(listen === "tcp" ? /^http:\/\/127\.0\.0\.1:\d+$/ : /^unix:\/.+\.sock$/);
    expect(await (await server.fetch("/")).text()).toBe("v1");
    expect((await server.fetch("/nowhere")).status).toBe(404);

    expect(await server.deploy(expressApp("v2"))).toMatchObject({ result: "completed", to: 2 });
    expect(await (await server.fetch()).text()).toBe("v2");

    const [first] = server.releases;
    expect(await server.deploy(first?.entry ?? "")).toMatchObject({ result: "completed", to: 3 });
    expect(await (await server.fetch()).text()).toBe("v1");
    expect(server.releases.map(({ number, folder }) => [number, folder === null])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(server.control).toBe(null);
  });

  it("sends method, headers and body, and gives every header back", async () => {
    const source = `export default async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.statusCode = request.url === "/empty" ? 204 : 201;
      response.end([request.method, request.url, request.headers["x-test"], body].join(" "));
    };`;
    const server = await started({ files: { "server.mjs": source }, workers: 1 });
    const answer = await server.fetch("/a?b=c", {
      method: "PUT",
      headers: { "x-test": "yes" },
      body: "text",
    });
    expect([answer.status, await answer.text()]).toEqual([201, "PUT /a?b=c yes text"]);
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect((await server.fetch("/empty")).status).toBe(204);
  });

  it("gives a bad release as a result, with the old code serving on", async () => {
    const server = await started({ files: plainApp("v1") });
    const failed = await server.deploy({ "server.mjs": "throw new Error('no database');" });
    expect(failed).toMatchObject({ result: "failed", reason: { code: "BROOD_BOOT_FAILED", exitCode: 1 } });
    expect(await (await server.fetch()).text()).toBe("v1");
    expect(server.logs()).toContain("no database");
  });

  it("captures what server and workers say, and still knows it when it is closed", async () => {
    const says = `console.log("out of worker"); console.error("err of worker"); ${plainApp("v1")["server.mjs"]}`;
    const server = await started({ files: { "server.mjs": says }, workers: 1 });
    await server.close();
    for (const line of [/^out of worker$/m, /^err of worker$/m, /^info slot=0 worker=w1 .*worker:ready/m])
      expect(server.logs()).toMatch(line);
  });

  it("leaves nothing behind: closed once, twice, or after a graceful stop, with a control socket and a pidfile", async () => {
    const server = await testServer({ files: plainApp("v1"), listen: "both", control: true });
    const pids = server.stats().workers.map(({ pid }) => Number(pid));
    expect(existsSync(server.control ?? "")).toBe(true);
    expect(server.addresses).toHaveLength(2);
    await server.stop();
    await Promise.all([server.close(), server.close()]);
    expect(left()).toEqual([]);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    await expect(server.fetch()).rejects.toThrow("ECONNREFUSED");
    await expect(server.deploy(plainApp("v2"))).rejects.toMatchObject({ code: "BROOD_CLOSED" });
  });

  it.each([
    ["the release throws", { files: { "server.mjs": "throw new Error('no');" } }, "BROOD_BOOT_FAILED"],
    ["no release is given", {}, "BROOD_BAD_OPTION"],
    ["two are given", { entry: "a.mjs", files: plainApp("v1") }, "BROOD_BAD_OPTION"],
    ["the entry is missing", { entry: "./no-such-file.mjs" }, "BROOD_BAD_OPTION"],
    ["a file lies outside", { files: { "../server.mjs": "" } }, "BROOD_BAD_OPTION"],
    ["an option is misspelt", { files: plainApp("v1"), worker: 3 }, "BROOD_BAD_OPTION"],
    ["an option has no such value", { files: plainApp("v1"), workers: 0 }, "BROOD_BAD_OPTION"],
  ])("leaves nothing behind when it cannot start because %s", async (_, config, code) => {
    await expect(testServer(config)).rejects.toMatchObject({ code });
    expect(left()).toEqual([]);
  });

  it("serves an entry where it is, and finds modules from the folder that is given", async () => {
    const server = await started({ files: plainApp("v1"), modules: false });
    const folder = server.releases[0]?.folder ?? "";
    writeFileSync(join(folder, "other.mjs"), `export default (request, response) => response.end("other");`);
    expect(existsSync(join(folder, "../node_modules"))).toBe(false);
    expect(await server.deploy(join(folder, "other.mjs"))).toMatchObject({ result: "completed" });
    expect(await (await server.fetch()).text()).toBe("other");
    expect(await server.deploy(expressApp("v2"))).toMatchObject({ result: "failed" });
  });
});
