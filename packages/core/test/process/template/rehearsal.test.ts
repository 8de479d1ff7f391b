// What of Node a worker needs to be born, its template has compiled (src/template/rehearsal.ts). V8's own log tells.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { folder, nextEvent, service, within } from "../support.ts";
import { fixture, workersOf } from "./support.ts";

/** Of each function when it was compiled, in the template's and its workers' common log. What
 *  a process had not written out when it forked, its child writes as well: that is the same moment. */
function compiledOf(log: string): ReadonlyMap<string, ReadonlySet<string>> {
  const lines = log.split("\n").map((line) => line.split(","));
  const scripts = new Map(
    lines.flatMap(([kind, id, path]) => (kind === "script-details" ? [[id, path]] : [])),
  );
  const compiled = new Map<string, Set<string>>();
  for (const [kind, done, id, start, , , at, name] of lines) {
    const script = scripts.get(id) ?? "";
    if (kind !== "function" || done !== "interpreter") continue;
    const key = `${name} of ${script}:${start}`;
    compiled.set(key, (compiled.get(key) ?? new Set()).add(at ?? ""));
  }
  return compiled;
}

it("no two workers compile the same function of Node's timers or events", async () => {
  const file = join(await folder(), "v8.log");
  const made = service({
    entry: fixture("compiling.mjs"),
    spawn: "template",
    workers: 2,
    execArgv: ["--log-function-events", "--no-logfile-per-isolate", `--logfile=${file}`],
  });
  await within("start", made.start());
  for (const worker of workersOf(made)) {
    const done = nextEvent(made, "worker:message", (event) => event.worker === worker);
    made.post(worker, "compile");
    await done;
  }
  const compiled = compiledOf(readFileSync(file, "utf8"));
  const twice = [...compiled].flatMap(([name, moments]) => (moments.size > 1 ? [name] : []));
  expect(twice).toContainEqual(expect.stringMatching(/^message of .*compiling\.mjs/));
  expect(twice.filter((name) => / of node:(internal\/)?(timers|events):/.test(name))).toEqual([]);
});
