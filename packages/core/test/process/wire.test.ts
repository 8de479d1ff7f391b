// What a worker may write to its link, whatever it is: the end of that worker with BROOD_PROTOCOL, and of nobody else. The
// supervisor here is this very process: an exception of its own would fail the run.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Service } from "@brood/core";
import { describe, expect, it } from "vitest";
import { guardIpc } from "../../src/node/ipc-guard.ts";
// @ts-expect-error a fixture without types
import { DEEDS, MISDEEDS, MISDEEDS_OF_IPC } from "../fixtures/wire/forger.mjs";
import { nextEvent, SPAWN, service, within } from "./support.ts";

const ENTRY = fileURLToPath(new URL("../fixtures/wire/forger.mjs", import.meta.url));
const RUNTIMES = SPAWN === "template" ? (["process"] as const) : (["process", "thread"] as const);

/** In CI; link-fields.test.ts has each field of each message. */
const SOME: readonly string[] = ["no usage", "another generation", "a type of Object", "another version"];

/** Has one worker a misdeed, all at the same time. @returns how each ended */
async function ends(made: Service, misdeeds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const workers = made.stats().workers.map(({ worker }) => worker);
  const all = misdeeds.map(async (misdeed, at) => {
    const worker = workers[at] ?? "w0";
    const exited = nextEvent(made, "worker:exited", (event) => event.worker === worker);
    made.post(worker, misdeed);
    const { reason } = await exited;
    return [misdeed, `${reason?.code}: ${reason?.message}`] as const;
  });
  return new Map(await Promise.all(all));
}

async function started(runtime: "process" | "thread", workers: number): Promise<Service> {
  const made = service({ entry: ENTRY, workers, minHealthyMs: 0, runtime });
  made.on("error", () => {});
  await within("start", made.start());
  return made;
}

async function full(made: Service, workers: number): Promise<void> {
  while (made.stats().ready < workers) await nextEvent(made, "worker:ready");
}

/** What a child does to its channel; each is a breach, but the first. */
const CHILDREN = {
  json: {
    nothing: "",
    "no JSON": "fs.writeSync(3, 'x\\n')",
    "an acknowledgement": "process.send({ cmd: 'NODE_HANDLE_ACK' })",
  },
  advanced: {
    nothing: "",
    "a length of gigabytes": "fs.writeSync(3, 'x\\n of no kind')",
    "bytes of no value": "fs.writeSync(3, Buffer.from([0, 0, 0, 2, 7, 7]))",
  },
} as const;

describe("Node's reader of a child's IPC channel", () => {
  it.each(["json", "advanced"] as const)(
    "G75: %s: can be guarded on this Node, and what breaks it is told",
    async (serialization) => {
      for (const [what, code] of Object.entries(CHILDREN[serialization])) {
        const script = `const fs = require("node:fs"); ${code}; process.disconnect()`;
        const child = spawn(process.execPath, ["-e", script], {
          serialization,
          stdio: ["ignore", "ignore", "ignore", "ipc"],
        });
        const told: string[] = [];
        expect(guardIpc(child, serialization, (detail) => told.push(detail))).toBe(true);
        await within(what, once(child, "close"));
        expect([what, told.length]).toEqual([what, what === "nothing" ? 0 : 1]);
      }
    },
  );
});

describe("the border of a worker's link", () => {
  it.each(RUNTIMES)("G75: what a %s forges ends it alone, with what was wrong", async (runtime) => {
    const isIpc = runtime === "process" && SPAWN === "fresh";
    const some = process.env["BROOD_TEST_ROWS"] === "all" ? MISDEEDS : SOME;
    const misdeeds: readonly string[] = isIpc ? [...some, ...MISDEEDS_OF_IPC] : some;
    const half = Math.ceil(misdeeds.length / 2);
    const made = await started(runtime, half + 1);
    const bystander = made.stats().workers.at(-1)?.worker;
    for (const part of [misdeeds.slice(0, half), misdeeds.slice(half)]) {
      for (const [misdeed, end] of await ends(made, part))
        expect(end, misdeed).toMatch(/^BROOD_PROTOCOL: .* broke the link's protocol: .+\. It was killed/);
      await full(made, half + 1);
    }
    expect(made.stats().workers.map(({ worker }) => worker)).toContain(bystander);
    await within("scale", made.scale(1));
    expect(await within("restart", made.restart())).toMatchObject({ result: "completed" });
  });

  it.runIf(SPAWN === "fresh")(
    "G75: handles and values that an application sends are nobody's end, and are closed",
    async () => {
      const made = await started("process", 1);
      const worker = made.stats().workers[0]?.worker ?? "w0";
      const before = readdirSync("/proc/self/fd").length;
      for (const deed of DEEDS) {
        const done = nextEvent(made, "worker:message", ({ payload }) => payload === `done ${deed}`);
        made.post(worker, deed);
        await done;
      }
      await within("stats", made.freshStats());
      expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
      expect(made.stats()).toMatchObject({ ready: 1, counters: { exited: 0 } });
    },
  );

  it.runIf(SPAWN === "fresh")("a worker that closes its IPC channel is replaced", async () => {
    const made = await started("process", 1);
    const exited = nextEvent(made, "worker:exited");
    made.post(made.stats().workers[0]?.worker ?? "w0", "disconnect");
    expect((await exited).reason?.code).toMatch(/^BROOD_(WORKER_EXITED|PROTOCOL)$/);
    await full(made, 1);
  });
});
