// The ways to make a worker, and how its connections reach it, as rows of a test: name and options of the command.

type Row = readonly [name: string, options: readonly string[]];

export const ROWS: readonly Row[] = [
  ["processes", []],
  ["threads", ["--runtime", "thread"]],
  ["forked processes", ["--spawn", "template"]],
  ["processes, reuseport", ["--handoff", "reuseport"]],
  ["processes, connection", ["--handoff", "connection"]],
  ["threads, reuseport", ["--runtime", "thread", "--handoff", "reuseport"]],
  ["threads, connection", ["--runtime", "thread", "--handoff", "connection"]],
];
