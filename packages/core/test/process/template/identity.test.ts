// What an application reads of its process while it loads: the worker's own, or told.
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { folder, nextEvent, service, within } from "../support.ts";

const ENTRY = `import { pid as exported, ppid as parent } from "node:process";
import { logger } from "logger";
import { named } from "@scope/named";
const before = process.cpuUsage();
const resources = process.resourceUsage();
const thread = process.threadCpuUsage?.();
for (const endMs = performance.now() + 50; performance.now() < endMs; ) Math.random();
const isFalling = (now, then) => Object.entries(then).some(([name, value]) => now[name] < value);
export default ({ post }) => {
  const { userCPUTime, systemCPUTime } = resources;
  post({
    pid: process.pid, ppid: process.ppid, exported, parent, logged: logger.pid, named,
    since: process.cpuUsage(before),
    isFalling: isFalling(process.cpuUsage(), before) || isFalling(process.resourceUsage(), { userCPUTime, systemCPUTime }) ||
      (thread !== undefined && isFalling(process.threadCpuUsage(), thread)),
  });
};
`;

const MODULE = (name: string): string => JSON.stringify({ name, type: "module", exports: "./index.js" });

describe("what an application reads of its process while it loads", () => {
  it("is the worker's own, or it is told which package and file have read it; CPU time never falls", async () => {
    const path = await folder({
      "app.mjs": ENTRY,
      "node_modules/logger/package.json": JSON.stringify({ name: "logger", main: "index.js" }),
      "node_modules/logger/index.js": "const { pid } = process;\nexports.logger = { pid };",
      "node_modules/@scope/named/package.json": MODULE("@scope/named"),
      "node_modules/@scope/named/index.js": "\nexport const named = String(process.pid);",
    });
    const stderr = new PassThrough();
    let printed = "";
    stderr.on("data", (chunk) => {
      printed += chunk;
    });
    const made = service({ entry: `${path}/app.mjs`, spawn: "template", workers: 1, stderr });
    const message = nextEvent(made, "worker:message");
    await within("start", made.start());
    const { pid, payload } = await message;
    const template = made.stats().template?.pid ?? -1;
    expect(payload).toMatchObject({ pid, exported: pid, ppid: template, parent: template, isFalling: false });
    const { since, logged, named } = payload as { since: NodeJS.CpuUsage; logged: number; named: string };
    expect(since.user).toBeGreaterThan(10_000);
    expect(since.system).toBeGreaterThanOrEqual(0);
    // These two are what the line is about.
    expect([logged, named]).toEqual([template, `${template}`]);
    const lines = printed.split("\n").filter((line) => line.includes("process.pid"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`logger (${path}/node_modules/logger/index.js:1:9)`);
    expect(lines[0]).toContain(`@scope/named (${path}/node_modules/@scope/named/index.js:2:37)`);
    expect(lines[0]?.match(/\(\//g)).toHaveLength(2);
  });

  it("tells nothing of one that does not ask", async () => {
    const path = await folder({ "app.mjs": "export default ({ post }) => post(process.pid);" });
    const stderr = new PassThrough();
    let printed = "";
    stderr.on("data", (chunk) => {
      printed += chunk;
    });
    const made = service({ entry: `${path}/app.mjs`, spawn: "template", workers: 1, stderr });
    await within("start", made.start());
    expect(printed).toBe("");
  });
});
