// What an application has set for later while its template loaded: it happens in each worker, and never in the template.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { folder, nextEvent, pidsOf, service, within } from "../support.ts";
import { ask, fixture, workersOf } from "./support.ts";

interface Answer {
  readonly fired: readonly {
    readonly name: string;
    readonly pid: number;
    readonly afterMs: number;
    readonly context: string | null;
  }[];
  readonly isRef: readonly boolean[];
  readonly areCleared: readonly boolean[];
}

describe("timers that were set before the fork", () => {
  it("G74: fire in each worker, from zero, and never in the template, also in workers forked long after", async () => {
    const made = service({ entry: fixture("timers.mjs"), spawn: "template", workers: 2 });
    await within("start", made.start());
    const answers = new Map<number, Answer>();
    const [first = "w1", second = "w2"] = workersOf(made);
    for (const worker of [first, second]) {
      const pid = made.stats().workers.find((each) => each.worker === worker)?.pid ?? -1;
      answers.set(pid, (await ask(made, worker, "fired")) as Answer);
    }
    // By now the template is older than any of the delays.
    const ready = nextEvent(made, "worker:ready");
    process.kill(pidsOf(made)[0] ?? -1, "SIGKILL");
    const { worker, pid = -1 } = await ready;
    answers.set(pid ?? -1, (await ask(made, worker, "fired")) as Answer);

    expect(answers.size).toBe(3);
    expect(made.stats().counters.fallbacks).toBe(0);
    for (const [workerPid, { fired, isRef, areCleared }] of answers) {
      // Before the template was ready, an immediate may have had its turn there.
      const ofItsOwn = fired.filter((each) => !each.name.startsWith("immediate"));
      expect(ofItsOwn.filter((each) => each.pid !== workerPid)).toEqual([]);
      const names = new Set(fired.map(({ name }) => name));
      expect([...names].filter((name) => name.includes("cleared"))).toEqual([]);
      for (const name of NAMES) expect(names).toContain(name);
      expect(Math.min(...ofItsOwn.map(({ afterMs }) => afterMs))).toBeGreaterThanOrEqual(15);
      const contexts = fired.filter(({ name }) => name.includes("context")).map(({ context }) => context);
      expect(contexts).toEqual(["kept", "kept"]);
      expect(isRef).toEqual([true, false]);
      expect(areCleared).toEqual([true, true]);
    }
  });

  it("G74: a template does nothing between its forks, whatever its application had set", async () => {
    const made = service({ entry: fixture("timers.mjs"), spawn: "template", workers: 1 });
    await within("start", made.start());
    const [worker = "w1"] = workersOf(made);
    const before = turnsOf(made.stats().template?.pid ?? -1);
    await ask(made, worker, "ticks");
    // Its heartbeat, and what the supervisor told it.
    expect(turnsOf(made.stats().template?.pid ?? -1) - before).toBeLessThan(8);
  });
});

it("G74: a signal that a template gets is not its application's, and its workers hear theirs", async () => {
  const path = await folder({
    "app.mjs": `process.on("SIGTERM", () => process.exit(9));
process.on("SIGUSR2", () => heard());
let heard = () => process.exit(9);
export default ({ post }) => { heard = () => post("heard"); };`,
  });
  const made = service({ entry: `${path}/app.mjs`, spawn: "template", workers: 1 });
  await within("start", made.start());
  const template = made.stats().template?.pid ?? -1;
  for (const signal of ["SIGTERM", "SIGUSR2"] as const) process.kill(template, signal);
  const ready = nextEvent(made, "worker:ready");
  process.kill(pidsOf(made)[0] ?? -1, "SIGKILL");
  await ready;
  expect(made.stats().template?.pid).toBe(template);
  expect(made.stats().counters.fallbacks).toBe(0);
  const message = nextEvent(made, "worker:message");
  process.kill(pidsOf(made)[0] ?? -1, "SIGUSR2");
  expect((await message).payload).toBe("heard");
});

/** How often a process has slept, or was made to stop: once a turn of its loop. */
function turnsOf(pid: number): number {
  const counts = readFileSync(`/proc/${pid}/status`, "utf8").matchAll(/voluntary_ctxt_switches:\s+(\d+)/g);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

const NAMES = [
  ...[
    "timeout",
    "unref",
    "interval",
    "module",
    "module interval",
    "promisified",
    "promise",
    "signal",
    "context",
  ],
  ...["immediate", "immediate promise", "immediate context", "iterator"],
];
