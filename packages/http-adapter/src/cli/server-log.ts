// The server's own log: a line for each event on stderr, identities first and always in the same order, so that
// people and tests can read it: `<time> <level> slot=0 worker=w1 gen=1 pid=7 <message> <other fields>`.

import type { Writable } from "node:stream";
import type { LogFields, Logger } from "@brood/core";

const IDENTITY_FIELDS: readonly string[] = ["slot", "worker", "gen", "pid"];

/** Debug lines are for `DEBUG=brood:*`, not for a log that is always on. */
export function createServerLog(output: Writable): Logger {
  const line =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      output.write(`${new Date().toISOString()} ${level} ${formatLine(message, fields)}\n`);
    };
  return { debug: () => undefined, info: line("info"), warn: line("warn"), error: line("error") };
}

export function formatLine(message: string, fields: LogFields): string {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  const identities = IDENTITY_FIELDS.flatMap((name) => entries.filter(([key]) => key === name));
  const others = entries.filter(([key]) => !IDENTITY_FIELDS.includes(key));
  return [...identities.map(formatField), message, ...others.map(formatField)].join(" ");
}

function formatField([key, value]: readonly [string, LogFields[string]]): string {
  const text = String(value);
  return `${key}=${/[\s"=]/.test(text) || text === "" ? JSON.stringify(text) : text}`;
}
