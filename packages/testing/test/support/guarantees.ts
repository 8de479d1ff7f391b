// docs/guarantees.md, made of the tests themselves: which test shows each guarantee, in virtual time or against the pure
// machine, and with real processes. A test names its scenarios at the beginning ("A3: ..." or "C27, C29: ..."); a guarantee
// without one is listed as missing. Nobody can write into that page what no test says.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

interface Guarantee {
  /** As tests name it: a letter for the section and a number. */
  readonly id: string;
  readonly holds: string;
  /** To be shown with real processes too. */
  readonly isReal: boolean;
  /** The machine has a part in it, which the simulation can show. */
  readonly isMachine: boolean;
}

const SECTIONS: Readonly<Record<string, string>> = {
  A: "Which code a worker runs",
  B: "Templates",
  C: "Bad deploys",
  D: "Capacity and draining",
  E: "Sockets",
  F: "Process control",
  G: "Other people's programs, folders and systems",
  N: "Node",
};

/** `*` marks those that real processes have to show, `-` those that are sockets, memory or descriptors: the machine knows none. */
const HOLDS: readonly (readonly [ids: string, holds: string])[] = [
  ["A1*", "A roll longer than the heartbeat timeout kills nobody, and no old code is left after it."],
  ["A2*", "A template that was replaced before a roll never forks for the new generation."],
  [
    "A3*",
    "A slot that dies during a roll comes back on the right generation, whichever templates still live.",
  ],
  ["A4", "A worker that reports another generation than asked for is killed, counted, never current."],
  ["A5*", "A deploy during a roll supersedes it; no slot ends on the generation in between."],
  ["A6*", "Requests of the same tick are all answered, none is merged: two restarts, a deploy and a scale."],
  ["A7", "A target asked for twice in one tick is one target, not two steps."],
  ["A8", "A generation changes in one transition: nobody ever sees half of it."],
  ["A9*", "New files without a deploy: a respawn says so, or is refused."],
  ["A10*", "A moved symlink changes nothing until the next restart."],
  ["A11*", "A roll is not completed while one old worker lives."],
  ["A12", "What comes late from a superseded request or a dead worker is dropped."],
  ["B13*", "A template that dies with orders unread loses no slot."],
  ["B14", "A template that dies between fork and report leaves no process behind and loses no slot."],
  ["B15*", "A template that dies idle is built again from the pinned release; meanwhile the service serves."],
  ["B16", "A template that hangs while it loads ends at its deadline; the old generation is untouched."],
  ["B17*", "A template that hangs during a roll is found by its own silence."],
  ["B18*", "A template that fails each time is tried a bounded number of times, with back-off."],
  ["B19*", "A fork or spawn that the system refuses is tried again with back-off."],
  ["B20", "Every hop on the way to a worker has a deadline."],
  ["B21*", "A template whose workers fail one after the other is thrown away."],
  ["B22-", "A hundred template generations leave descriptors, listeners and handlers constant."],
  ["B23", "A stop wins while a template loads; the slot counts as no error."],
  ["B24", "A restart during a stop is refused with a reason."],
  ["B25", "At most one template of a generation lives at a time."],
  ["B26-", "An application that cannot be forked is refused by name, and the old generation serves on."],
  ["C27*", "Code that throws on boot costs one canary; the caller gets code, exit code and stderr."],
  ["C28*", "Code that dies soon after it was ready never gets past the canary, or reverts."],
  ["C29*", "Code that hangs on boot fails at the boot deadline."],
  ["C30", "A hook that fails before the worker opens takes no old worker down."],
  ["C31*", "After a failed roll respawns are of the last good generation."],
  ["C32*", "A restart back to an earlier generation brings back its pinned release, also during a roll."],
  ["C33", "A release or configuration that cannot be used touches no worker."],
  ["C34*", "A crash loop backs off per slot, with jitter and a cap; the others do not notice."],
  ["C35", "The end of a process that is not ours means nothing, whatever its exit code."],
  ["D36*", "Ready workers never fall below desired - maxUnavailable by our own doing."],
  ["D37*", "A worker that never drains is killed at its deadline and counted; the roll goes on."],
  ["D38*", "Any exit of a slot's worker leads to exactly one replacement on the right generation."],
  ["D39*", "A resize during a roll takes the oldest generation first, and both end well."],
  ["D40*", "Workers that reach a limit together are recycled a few at a time, from the roll's own budget."],
  ["D41", "A pause of the host or the supervisor kills nobody; mass silence is met with a kill budget."],
  ["D42", "Steps of the wall clock change nothing."],
  ["E43*-", "A reuseport worker that leaves resets no connection."],
  ["E44*-", "A smaller pool resets no connection of a reuseport socket that goes."],
  ["E45*-", "A request that meets a closing keep-alive connection is answered."],
  ["E46*-", "What was accepted before a drain is answered."],
  ["E47*-", "A connection handed to a worker that dies is dispatched again."],
  ["E48*-", "A unix path is only removed by its owner."],
  ["E49*-", "A worker that is not ready accepts nothing."],
  ["F50*-", "Workers are gone soon after their supervisor was killed, and the next start binds cleanly."],
  ["F51*", "A signal goes to a process that we own or to nobody: identity is not the pid."],
  ["F52", "A doubled message is dropped, a lost one ends that worker."],
  ["F53", "A worker that cannot take a message is killed at its deadline."],
  ["F54*", "A storm of signals leads to one action a deadline."],
  ["F55-", "As PID 1 with foreign zombies: reaped, and otherwise nobody's business."],
  ["F56", "Hooks, listeners and loggers that throw harm nobody but themselves."],
  ["F57*", "A blocked event loop: one kill, one replacement, and its stack first where possible."],
  [
    "G65*-",
    "Started inside a link: a restart runs the release that it names now, in that release's folder, and says which.",
  ],
  [
    "G66*-",
    "The folder in which the server was started may go: respawns and restarts go on, or name the folder.",
  ],
  [
    "G67*",
    "Data that an application writes beside its code is no other release, and keeps none from coming back.",
  ],
  [
    "G68*",
    "A restart closes no kept connection that its client was not told of: it goes on with the new code.",
  ],
  ["G69*", "While a server stops, each client is answered or refused before it was connected."],
  ["G72*-", "Random bytes that libraries drew before a fork are used by no two workers; keys stay."],
  ["G73*-", "A template that holds a lock on a file is refused with the file's path."],
  ["G74*-", "Nothing of the application runs in its template after it has loaded; every fork is looked at."],
  [
    "G75*-",
    "Whatever a worker writes to any of its channels, handles included, ends that worker and nobody else.",
  ],
  [
    "G76*",
    "A callback of the host that fails is an error event with its name, and nothing else happens to anybody.",
  ],
  [
    "G79*",
    "A task that cannot be delivered, read back or looked at settles, once; one that ends its workers is not sent for ever.",
  ],
  ["G80*", "A run that was refused leaves nothing behind, whatever its signal does later."],
  ["58*", "A module graph that never settles counts as a failed boot; the slot is free again."],
  ["59*", "A worker that is blocked while the roll replaces it: one kill, one replacement."],
  ["60*", "Each way to end, in each hook: what settles, with which code, and who is respawned."],
  ["61*-", "Workers forked from one template draw different random values."],
  ["62*-", "A thousand forks leave descriptors, listeners and mappings constant, and no zombie."],
  ["63*-", "The host's own children, signal handlers and listeners are untouched."],
  ["64*-", "A connection passed to a worker that dies before it takes it gets an answer."],
];

const GUARANTEES: readonly Guarantee[] = HOLDS.map(([id, holds]) => ({
  id: id.replace(/[*-]/g, ""),
  holds,
  isReal: id.includes("*"),
  isMachine: !id.includes("-"),
}));

export type Kind = "machine" | "real";

export interface NamedTest {
  readonly ids: readonly string[];
  readonly name: string;
  readonly file: string;
  readonly kind: Kind;
}

/** Every test that names scenarios, in the order of files and lines. */
export function namedTests(): readonly NamedTest[] {
  const packages = readdirSync(join(ROOT, "packages"));
  return packages.flatMap((name) => [
    ...testsUnder(join(ROOT, "packages", name, "test/unit"), "machine"),
    ...testsUnder(join(ROOT, "packages", name, "test/process"), "real"),
  ]);
}

function testsUnder(folder: string, kind: Kind): NamedTest[] {
  const files = entriesOf(folder).filter((name) => name.endsWith(".test.ts"));
  return files.sort().flatMap((name) => {
    const file = join(folder, name);
    return namesIn(readFileSync(file, "utf8")).map((each) => ({ ...each, file: relative(ROOT, file), kind }));
  });
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}

/** A test's name that begins with scenarios, as a string literal of its source. */
export function namesIn(source: string): { readonly ids: readonly string[]; readonly name: string }[] {
  const names = source.matchAll(/(["`])((?:[A-G]\d{1,2}|\d{2})(?:, (?:[A-G]\d{1,2}|\d{2}))*): (.+?)\1/g);
  return [...names].map(([, , ids = "", name = ""]) => ({ ids: ids.split(", "), name }));
}

/** Ids that tests name and nobody knows. */
export function unknownIds(tests: readonly NamedTest[]): readonly string[] {
  const known = new Set(GUARANTEES.map(({ id }) => id));
  return tests.flatMap(({ ids, file }) => ids.filter((id) => !known.has(id)).map((id) => `${id} in ${file}`));
}

/** Ids without a test of a kind that they need. */
export function missing(tests: readonly NamedTest[]): readonly string[] {
  return GUARANTEES.flatMap(({ id, isReal, isMachine }) => {
    const kinds = tests.filter(({ ids }) => ids.includes(id)).map(({ kind }) => kind);
    const lacks = [
      ...(kinds.includes("machine") || !isMachine ? [] : ["machine"]),
      ...(kinds.includes("real") || !isReal ? [] : ["real"]),
      ...(kinds.length > 0 || isReal || isMachine ? [] : ["any"]),
    ];
    return lacks.map((kind) => `${id} ${kind}`);
  });
}

/** The whole page. */
export function guaranteesPage(tests: readonly NamedTest[]): string {
  const sections = Object.entries(SECTIONS).map(([letter, title]) => {
    const rows = GUARANTEES.filter(({ id }) => (/^[A-G]/.test(id) ? id.charAt(0) : "N") === letter);
    return [`## ${title}`, "", HEAD, ...rows.map((row) => rowOf(row, tests)), ""].join("\n");
  });
  return [...INTRODUCTION, ...sections, ...THROWN].join("\n");
}

const HEAD = "| | what holds | machine, simulation | real processes |\n| --- | --- | --- | --- |";

/** A row for each fuzzer: what it draws, and its longest run so far. */
const THROWN = [
  "## What was thrown at it",
  "",
  "Fuzzers draw by chance what nobody has thought of. Each prints its seed, and for a fault the command that replays it. CI runs",
  "each for a few seconds with another seed each time.",
  "",
  "| fuzzer | what is drawn, and what holds | cases | held | command |",
  "| --- | --- | --- | --- | --- |",
  "| wire | each message of a worker mutated, raw bytes and handles, answers of tasks, on every runtime: the forger alone ends, or nobody; all settles | 92,000 | all | `pnpm fuzz:wire --seconds 240` |",
  "| tasks | values × outcomes × runtimes, aborted, timed out: each run settles with what may become of it | 54,000 runs | all | `pnpm fuzz:tasks --seconds 600` |",
  "| options | of services, servers, pools, runs and the command: accepted, or refused by name | 6,300 | all | `pnpm fuzz:options --seconds 600` |",
  "| control | requests to the control socket, whole, torn, half open: answered, or closed | 3,000 | all | `pnpm fuzz:control --seconds 600` |",
  "| errno | system calls that the kernel refuses × errnos × shares, while workers and templates die and restart: served again, no descriptor, no process left | 51 | all, in ten seeds | `pnpm fuzz:errno --seconds 6` |",
  "",
];

const INTRODUCTION = [
  "# What Brood guarantees, and the tests that show it",
  "",
  "Each line was once a real defect of a real server. The page is made of the tests' own names and checked against them",
  "(`packages/testing/test/unit/guarantees.test.ts`; `pnpm test:unit -u` writes it anew). **Missing** means that no test",
  "names it; a dash, that it need not be shown there: the machine knows no sockets, and not everything needs a process.",
  "",
];

function rowOf({ id, holds, isReal, isMachine }: Guarantee, tests: readonly NamedTest[]): string {
  const cell = (kind: Kind, isNeeded: boolean): string => {
    const found = tests.filter((test) => test.kind === kind && test.ids.includes(id));
    const isAlone = kind === "real" && !tests.some(({ ids }) => ids.includes(id));
    if (found.length === 0) return isNeeded || isAlone ? "**missing**" : "–";
    const files = [...new Set(found.map(({ file }) => file))];
    return files.map((file) => `[${shortName(file)}](../${file})`).join(", ");
  };
  return `| ${id} | ${holds} | ${cell("machine", isMachine)} | ${cell("real", isReal)} |`;
}

/** `core: machine/roll` */
function shortName(file: string): string {
  const [, name = "", path = ""] =
    /^packages\/([^/]+)\/test\/(?:unit|process)\/(.+)\.test\.ts$/.exec(file) ?? [];
  return `${name}: ${path}`;
}
