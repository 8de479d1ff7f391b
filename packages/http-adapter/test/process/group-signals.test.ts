// A signal to the whole process group, as Ctrl-C in a terminal and systemd send it: supervisor, template and workers at once.

import { describe, expect, it } from "vitest";
import { type BroodServer, startBroodIn, testFolder } from "../support/brood-server.ts";
import { seen } from "../support/look.ts";
import { visit } from "../support/outcome.ts";
import { rowsOf } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const ANSWER = `(request, response) => {
  if (request.url === "/slow") writeSync(2, "slow\\n");
  setTimeout(() => response.end("ok"), request.url === "/slow" ? 800 : 0);
}`;

/** Leaves at once, with what it has in hand: what many a script does on Ctrl-C. */
const SCRIPT = `import { writeSync } from "node:fs";
import http from "node:http";
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {
  writeSync(2, "told " + signal + "\\n");
  process.exit(7);
});
http.createServer(${ANSWER}).listen(3000);`;

const EXPORTED = `import { writeSync } from "node:fs";
export default ${ANSWER};`;

const ROWS = rowsOf(
  [
    { name: "process, fresh", args: [] },
    { name: "process, template", args: ["--spawn", "template"] },
    { name: "thread, fresh", args: ["--runtime", "thread"] },
  ],
  ({ args }) => !args.includes("thread"),
  "signals to a group, for threads: they get none",
);

async function start(app: string, ...args: readonly string[]): Promise<BroodServer> {
  const folder = await testFolder({ "app.mjs": app, "package.json": "{}" });
  const place = { folder, cwd: folder, env: {}, hasOwnGroup: true };
  return startBroodIn(place, "app.mjs", "-w", "2", "-l", "127.0.0.1:0", "--min-healthy", "50", ...args);
}

const said = (server: BroodServer, text: string): Promise<void> =>
  within(
    text,
    seen(() => server.log().includes(text)),
  );

describe.each(ROWS)("a signal to the process group, $name", ({ args }) => {
  it.each([
    ["SIGINT", "a script with handlers of its own", SCRIPT],
    ["SIGTERM", "an exported application", EXPORTED],
  ] as const)("G69: %s drops no request of %s", async (signal, _, app) => {
    const server = await start(app, ...args);
    const [address = ""] = server.addresses;
    const slow = visit(address, "/slow");
    await said(server, "slow\n");
    process.kill(-server.pid, signal);
    expect(await within("the slow answer", slow.outcome)).toBe("answered");
    expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
    expect(server.log()).not.toMatch(/crashed|restart/);
    expect(server.log().match(/worker:spawned/g)).toHaveLength(2);
    // The script hears of it when all is answered.
    if (app === SCRIPT && !args.includes("thread")) expect(server.log()).toContain(`told ${signal}`);
  });

  it("G69: during a stop delay all goes on as before; a stop now does not wait for its end", async () => {
    const server = await start(SCRIPT, ...args, "--stop-delay", "600000");
    const [address = ""] = server.addresses;
    const before = (await server.stats()).workers.map(({ pid }) => pid);
    process.kill(-server.pid, "SIGTERM");
    await within(
      "stopping",
      seen(async () => (await server.stats()).state === "stopping"),
    );
    for (let count = 0; count < 20; count += 1) expect(await visit(address).outcome).toBe("answered");
    expect(await server.command("restart")).toMatchObject({ exitCode: 1 });
    const during = await server.stats();
    expect(during).toMatchObject({ state: "stopping", ready: 2 });
    expect(during.workers.map(({ pid }) => pid)).toEqual(before);
    expect(await server.command("stop", "--now")).toMatchObject({ exitCode: 0 });
    expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
    expect(await visit(address).outcome).toBe("refused");
  });

  it("after the stop delay what is under way is answered", async () => {
    const server = await start(SCRIPT, ...args, "--stop-delay", "300");
    const [address = ""] = server.addresses;
    const slow = visit(address, "/slow");
    await said(server, "slow\n");
    const sinceMs = performance.now();
    process.kill(server.pid, "SIGTERM");
    expect(await within("the slow answer", slow.outcome)).toBe("answered");
    expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
    expect(performance.now() - sinceMs).toBeGreaterThan(300);
  });
});

describe("TERM to one worker", () => {
  it("ends and replaces that one alone, and the script hears of it last", async () => {
    const server = await start(SCRIPT);
    const [address = ""] = server.addresses;
    const slow = visit(address, "/slow");
    await said(server, "slow\n");
    const { workers } = await server.stats();
    for (const { pid } of workers) if (pid !== null) process.kill(pid, "SIGTERM");
    expect(await within("the slow answer", slow.outcome)).toBe("answered");
    await said(server, "told SIGTERM");
    const isReplaced = async (): Promise<boolean> => {
      const stats = await server.stats();
      return stats.ready === 2 && stats.workers.every(({ pid }) => workers.every((old) => old.pid !== pid));
    };
    await within("replacements", seen(isReplaced));
  });
});
