// The server's own log: a line for each event on stderr, identities first and always in the same order, so that
// people and tests can read it: `<time> <level> slot=0 worker=w1 gen=1 pid=7 <message> <other fields>`.

import type { Writable } from "node:stream";
import { formatLine, type LogFields, type Logger } from "@brood/core";

/** Debug lines are for `DEBUG=brood:*`, not for a log that is always on. */
export function createServerLog(output: Writable): Logger {
  const line =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      output.write(`${new Date().toISOString()} ${level} ${formatLine(message, fields)}\n`);
    };
  const levels = { debug: () => undefined, info: line("info"), warn: line("warn"), error: line("error") };
  // The log file of `--stderr` is the workers' as well.
  return { ...levels, isBesideStderr: true };
}
