// Whatever a thread throws, and however it leaves: one worker's end, with a reason, for services and pools alike.

import { join } from "node:path";
import { createTaskPool } from "@brood/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { folder, nextEvent, service, within } from "./support.ts";

const WAYS = `const circular = new Error("circular");
circular.cause = circular;
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const thrown = { null: null, undefined, revoked: revoked.proxy, circular,
  getters: { get message() { throw null; }, get stack() { throw null; } } };
export const ways = {
  ...Object.fromEntries(Object.entries(thrown).map(([name, value]) => ["throws-" + name, () => { throw value; }])),
  "rejects-null": () => void Promise.reject(null),
  "exit-7": () => process.exit(7),
  "exit-code": () => { process.exitCode = 7; process.exit(); },
  "exit-in-exit": () => { process.on("exit", () => process.exit(7)); process.exit(1); },
  "really-exit": () => process.reallyExit(7),
  aborts: () => process.abort(),
};
export default () => ({ message: (name) => setTimeout(ways[name]) });
export const end = (name) => new Promise(() => setTimeout(ways[name]));
export const twice = (value) => value * 2;`;

const THROWN = ["null", "undefined", "revoked", "circular", "getters"];
const EXITS = ["exit-7", "exit-code", "exit-in-exit", "really-exit"];
const NAMES = [...THROWN.map((each) => `throws-${each}`), "rejects-null", "aborts", ...EXITS];

/** A slot of its own for each: one whose workers fail again and again waits longer each time. */
const workers = NAMES.length;

describe("a thread that ends by itself", () => {
  it("F56: of a service is replaced, whatever it threw and however it left", async () => {
    const path = await folder({ "app.mjs": WAYS });
    const made = service({ entry: join(path, "app.mjs"), workers, runtime: "thread", spawn: "fresh" });
    const errors: unknown[] = [];
    const codes = new Map<string, number | null>();
    const ready: unknown[] = [];
    made.on("error", (error) => errors.push(error));
    await made.start();
    const names = new Map(made.stats().workers.map(({ worker }, index) => [worker, NAMES[index] ?? ""]));
    made.on("worker:ready", (event) => ready.push(event));
    const all = nextEvent(made, "worker:exited", ({ worker, exitCode }) => {
      codes.set(names.get(worker) ?? worker, exitCode);
      return codes.size === workers;
    });
    for (const [worker, name] of names) made.post(worker, name);
    await all;
    for (const name of NAMES) expect([name, codes.get(name)]).toEqual([name, EXITS.includes(name) ? 7 : 1]);
    if (ready.length < workers) await nextEvent(made, "worker:ready", () => ready.length === workers);
    expect(errors).toEqual([]);
  }, 60_000);

  it("of a pool takes its own task along, and the next one runs", async () => {
    const path = await folder({ "tasks.mjs": WAYS });
    const pool = createTaskPool({
      filename: join(path, "tasks.mjs"),
      minWorkers: workers,
      maxWorkers: workers,
    });
    onTestFinished(() => pool.destroy());
    const ends = NAMES.map(async (name) => {
      const ended = await pool.run(name, { name: "end" }).catch((error: unknown) => error);
      expect([name, ended]).toEqual([name, expect.objectContaining({ code: "BROOD_WORKER_EXITED" })]);
    });
    await within("all of them", Promise.all(ends), 40_000);
    expect(await within("the next", pool.run(21, { name: "twice" }))).toBe(42);
  }, 60_000);
});
