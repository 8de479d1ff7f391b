// Each system call that the addon makes, when the kernel refuses it: the error has the call's name and the errno, as Node's own
// have them, and nothing else happens to the process. What the engine makes of it stands in the same table (syscalls.mjs), and
// fuzz:errno tries it on servers. Skipped, with the reason, where no call can be made to fail.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { missing, underRefusal } from "../../../../../scripts/fuzz/kernel/inject.mjs";
import { ROWS } from "../../../../../scripts/fuzz/kernel/syscalls.mjs";
import { within } from "../support.ts";
import { skipReason } from "./support.ts";

const PROBE = fileURLToPath(new URL("fixtures/refused-calls.mjs", import.meta.url));
const reason = skipReason ?? missing();
if (reason !== null) console.warn(`refused system calls are not tested: ${reason}`);

it("the documentation has every row of the table", () => {
  const page = readFileSync(new URL("../../../../../docs/kernel.md", import.meta.url), "utf8");
  for (const { call, errnos } of ROWS)
    expect(page).toMatch(new RegExp(`\\| \`${call}\` \\| .*\\| ${errnos.join(" ")} \\| `));
  for (const { outcome } of ROWS) expect(page).toContain(`| ${outcome} |`);
});

describe.skipIf(reason !== null)("a system call that the kernel refuses", () => {
  it("is an error with its name and errno, for every call of the table", async () => {
    const probe = await underRefusal([...new Set(ROWS.map(({ call }) => call))], [process.execPath, PROBE], {
      cwd: join(PROBE, ".."),
      stdio: ["pipe", "pipe", "inherit"],
    });
    onTestFinished(() => void probe.child.kill("SIGKILL"));
    const { stdin, stdout } = probe.child;
    if (stdin === null || stdout === null) throw new Error("no pipes");
    const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    const told = async (what: string): Promise<unknown> => {
      const { value } = await within(what, lines.next());
      return JSON.parse(String(value));
    };
    expect(await told("the probe")).toBe("ready");
    const left = async (): Promise<unknown> => {
      stdin.write("count\n");
      return told("its descriptors");
    };
    expect(await left()).toEqual({ left: 0 });
    for (const { call, fn, errnos, gives } of ROWS) {
      for (const errno of errnos) {
        const what = `${fn}: ${call} ${errno}`;
        await probe.fail(call, errno, 1, probe.pid);
        stdin.write(`${fn}\n`);
        const outcome = await told(what);
        await probe.clear();
        expect([what, outcome]).toEqual([
          what,
          gives === undefined ? expect.objectContaining({ code: errno }) : { returned: gives },
        ]);
      }
    }
    expect(await left()).toEqual({ left: 0 });
    stdin.end();
  }, 60_000);
});
