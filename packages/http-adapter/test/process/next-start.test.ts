// After a supervisor that was killed, whatever its workers and its template are doing: the next start has the port, the control socket
// and the pidfile at once, and the processes of the one before are gone within 5 s. What each process does is tried in
// packages/core/test/process/orphans.test.ts.

import { existsSync, readFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { nativeSupport } from "@brood/core/native";
import { expect, it, onTestFinished } from "vitest";
import { startBroodIn, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { rowsOf } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const native = nativeSupport();
if (!native.ok) console.warn(`the start after a killed template is not tested: ${native.reason}`);

const BOUND_MS = 5_000;
const HOWS = ["spin", "wait", "stop"];
const APP = `import { appendFileSync } from "node:fs";
export default (request, response) => {
  const how = request.url.slice(1);
  if (how === "") return response.end("answer");
  appendFileSync("held", how + "\\n");
  if (how === "spin") for (;;);
  if (how === "wait") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (how === "stop") process.kill(process.pid, "SIGSTOP");
};`;

const SPAWNS = rowsOf(["template", "fresh"], (each) => each === "template", "spawn fresh");

it.skipIf(!native.ok).each(SPAWNS)(
  "spawn %s: the next start binds while a worker spins, one waits, one is stopped and so is the template",
  async (spawn) => {
    const folder = await testFolder({ "app.mjs": APP, held: "" });
    const place = { folder, cwd: folder, env: {} };
    const rest = ["--spawn", spawn, "--heartbeat-timeout", "60000"];
    const before = await startBroodIn(
      place,
      "app.mjs",
      "-w",
      String(HOWS.length),
      "-l",
      "127.0.0.1:0",
      ...rest,
    );
    const address = String(before.addresses[0]);
    for (const how of HOWS) {
      const socket = net.connect(Number(new URL(address).port), "127.0.0.1");
      onTestFinished(() => void socket.destroy());
      socket.on("error", () => {}).write(`GET /${how} HTTP/1.1\r\nHost: test\r\n\r\n`);
      const held = seen(() => readFileSync(join(folder, "held"), "utf8").includes(how));
      await within(how, held, () => before.log());
    }
    const { workers, template } = await before.stats();
    const pids = [...workers, ...(template === null ? [] : [template])].map(({ pid }) => Number(pid));
    expect(pids.every((pid) => isThere(pid))).toBe(true);
    onTestFinished(() => pids.filter(isThere).forEach((pid) => void process.kill(pid, "SIGKILL")));
    if (template !== null) process.kill(Number(template.pid), "SIGSTOP");
    process.kill(before.pid, "SIGKILL");
    const killedAtMs = performance.now();
    const gone = seen(() => !pids.some(isThere)).then(() => performance.now() - killedAtMs);
    await before.ended();

    const next = await startBroodIn(
      place,
      "app.mjs",
      "-w",
      "1",
      "-l",
      address.replace("tcp://", ""),
      ...rest,
    );
    expect(next.addresses).toEqual([address]);
    expect(await (await fetch(address.replace("tcp:", "http:"))).text()).toBe("answer");
    expect((await next.stats()).workers).toHaveLength(1);
    expect(Number(readFileSync(next.pidfile, "utf8"))).toBe(next.pid);
    expect(await within("their end", gone, () => String(pids.filter(isThere)))).toBeLessThan(BOUND_MS);
  },
);

/** A zombie is none. */
function isThere(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/\) Z /.test(read(`/proc/${pid}/stat`));
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ") Z ";
  }
}
