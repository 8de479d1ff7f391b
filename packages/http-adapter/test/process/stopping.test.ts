// The end of a server, seen by clients that go on to come: each is answered, or refused before it was connected.

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type BroodServer, startBroodWith, testFolder } from "../support/brood-server.ts";
import { type HandoffRow, ROWS, WITHOUT_ADDON } from "../support/handoff-rows.ts";
import { seen } from "../support/look.ts";
import { type Outcome, type Visit, visit } from "../support/outcome.ts";
import { within } from "../support/within.ts";

/** `/block` keeps the whole worker busy, so that nobody accepts. */
const APP = `import { writeSync } from "node:fs";
export default (request, response) => {
  if (request.url === "/block") {
    writeSync(2, "blocking\\n");
    for (const untilMs = performance.now() + 600; performance.now() < untilMs; );
  }
  if (request.url === "/slow") writeSync(2, "slow\\n");
  setTimeout(() => response.end("ok"), request.url === "/slow" ? 1_000 : 0);
};`;

const QUEUED = 20;

async function start(
  row: Pick<HandoffRow, "args" | "env">,
  ...args: readonly string[]
): Promise<BroodServer> {
  const folder = await testFolder({ "app.mjs": APP, "package.json": "{}" });
  const unix = row.args.includes("reuseport") ? [] : ["-l", `unix:${join(folder, "app.sock")}`];
  const listen = ["-l", "127.0.0.1:0", ...unix];
  return startBroodWith(row.env, folder, ...row.args, ...listen, "--min-healthy", "50", ...args);
}

const said = (server: BroodServer, text: string): Promise<void> =>
  within(
    text,
    seen(() => server.log().includes(text)),
  );

/** How many of each. */
function tally(outcomes: readonly Outcome[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

const LISTENER_WITHOUT_ADDON = {
  ...ROWS[0],
  name: "listener without the addon: process, fresh",
  env: WITHOUT_ADDON,
  args: ["--handoff", "listener"],
  skipReason: null,
};

describe.each([...ROWS, LISTENER_WITHOUT_ADDON])("stopping, $name", (row) => {
  it.skipIf(row.skipReason !== null)(
    "G69: what the kernel has accepted when TERM comes is answered, whoever comes later is refused",
    async () => {
      const server = await start(row, "-w", "1");
      const [address = ""] = server.addresses;
      const blocking = visit(address, "/block");
      await said(server, "blocking\n");
      const queued = server.addresses.flatMap((each) => Array.from({ length: QUEUED }, () => visit(each)));
      await within("connect", Promise.all(queued.map(({ connected }) => connected)));
      server.child.kill("SIGTERM");
      const answered = await within("answers", Promise.all(queued.map(({ outcome }) => outcome)));
      expect(tally(answered)).toEqual({ answered: QUEUED * server.addresses.length });
      expect(await blocking.outcome).toBe("answered");
      for (const each of server.addresses) expect(await visit(each).outcome).toBe("refused");
      expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
    },
  );

  // Without the addon nobody can be refused before the socket is closed, and one may come in that very moment.
  it.skipIf(row.skipReason !== null || row.env === WITHOUT_ADDON)(
    "G69: while a long request is answered clients go on to come, and none is accepted and then reset",
    async () => {
      const server = await start(row, "-w", "2");
      const [address = ""] = server.addresses;
      const slow = visit(address, "/slow");
      await said(server, "slow\n");
      const visits: Visit[] = [];
      let isOver = false;
      const coming = (async () => {
        while (!isOver) {
          const next = server.addresses.map((each) => visit(each));
          visits.push(...next);
          await Promise.all(next.map(({ connected }) => connected));
        }
      })();
      await within(
        "some come",
        seen(() => visits.length > 50),
      );
      server.child.kill("SIGTERM");
      expect(await within("the slow answer", slow.outcome)).toBe("answered");
      expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
      isOver = true;
      await coming;
      const outcomes = await within("outcomes", Promise.all(visits.map(({ outcome }) => outcome)));
      const counts = tally(outcomes);
      expect(Object.keys(counts).sort()).toEqual(["answered", "refused"]);
    },
  );
});
