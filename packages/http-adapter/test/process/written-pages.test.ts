// What the canary's requests write to, the workers that follow it have copied when they are born.
import { release } from "node:os";
import type { WorkerId } from "@brood/core";
import type { Server } from "@brood/http-adapter";
import { expect, it } from "vitest";
import { fetchOver } from "../support/fetch-over.ts";
import { app, serving } from "../support/serving.ts";
import { within } from "../support/within.ts";

/** The first request writes to 4 MiB that the module has filled, and says how many page faults that took. */
const WRITING = app(
  "1",
  `if (faults < 0) {
    const before = process.resourceUsage().minorPageFault;
    write(shared);
    faults = process.resourceUsage().minorPageFault - before;
  }
  response.end(JSON.stringify({ worker, faults })); return;`,
  `const shared = Buffer.alloc(4_194_304, 1);
const write = (buffer) => { for (let at = 0; at < buffer.length; at += 4_096) buffer[at] += 1; };
write(Buffer.alloc(4_194_304, 1));
let worker = "";
let faults = -1;
export function onWorkerBoot(ctx) { worker = ctx.worker; }`,
);

interface Said {
  readonly worker: WorkerId;
  readonly faults: number;
}

/** Asks over new connections until a worker answers that `is` accepts. */
async function firstOf(server: Server, is: (worker: WorkerId) => boolean): Promise<Said> {
  const { hostname, port } = new URL(server.addresses[0] ?? "");
  for (;;) {
    const { body } = await fetchOver("http", { target: { host: hostname, port: Number(port) } }, "/");
    const said: Said = JSON.parse(body);
    if (is(said.worker)) return said;
  }
}

const [major = 0, minor = 0] = release().split(".").map(Number);
/** MADV_POPULATE_WRITE. */
const isOld = major < 5 || (major === 5 && minor < 14);
if (isOld) console.log(`skipped: Linux ${release()} copies no pages ahead`);

it.skipIf(isOld)("workers are born with what the canary's requests write to", async () => {
  const { server } = await serving([WRITING], { spawn: "template", minHealthyMs: 4_000 });
  const old = server.stats().workers.map(({ worker }) => worker);
  const rolled = server.restart();
  const canary = await within(
    "the canary's answer",
    firstOf(server, (worker) => !old.includes(worker)),
    undefined,
    20_000,
  );
  expect(await within("the roll", rolled, undefined, 20_000)).toMatchObject({ result: "completed" });
  const follower = await within(
    "the follower's answer",
    firstOf(server, (worker) => !old.includes(worker) && worker !== canary.worker),
  );
  expect(canary.faults).toBeGreaterThan(1_000);
  expect(follower.faults).toBeLessThan(canary.faults / 4);
});
