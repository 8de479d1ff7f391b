// The ways to make a worker, and how its connections reach it, as rows of a test: name and options of the command.

import { rowsOf } from "./spawn.ts";

type Row = readonly [name: string, options: readonly string[]];

const ALL: readonly Row[] = [
  ["processes", []],
  ["threads", ["--runtime", "thread"]],
  ["forked processes", ["--spawn", "template"]],
  ["processes, reuseport", ["--handoff", "reuseport"]],
  ["processes, connection", ["--handoff", "connection"]],
  ["threads, reuseport", ["--runtime", "thread", "--handoff", "reuseport"]],
  ["threads, connection", ["--runtime", "thread", "--handoff", "connection"]],
];

/** Each runtime and each handoff is among them. */
const SHORT = ["processes", "processes, reuseport", "threads, connection"];

const LEFT = ALL.map(([name]) => name).filter((name) => !SHORT.includes(name));

export const ROWS: readonly Row[] = rowsOf(ALL, ([name]) => SHORT.includes(name), LEFT.join("; "));
