// Log lines. Each begins `slot= worker= gen= pid=` where it concerns a worker, then what happened, then context and
// reason: the same order everywhere, so that people and tests can read traces.

import createDebug from "debug";
import type { Announcement } from "../machine/commands.ts";
import { withoutRepeat } from "../machine/failure-words.ts";
import { heldInWords } from "../machine/held.ts";
import type { RollResult } from "../machine/names.ts";
import type { LogFields, Logger } from "../ports/log.ts";

/** The `debug` package under `brood:<name>`; enabled by DEBUG=brood:*. */
export function createDebugLogger(name: string): Logger {
  const write = createDebug(`brood:${name}`);
  const log = (level: string) => (message: string, fields?: LogFields) => {
    if (write.enabled) write("%s", formatLine(level === "info" ? message : `${level}: ${message}`, fields));
  };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

/** `slot=3 worker=w12 gen=2 pid=77 message key=value …` */
export function formatLine(message: string, fields: LogFields = {}): string {
  const { slot, worker, gen, pid, ...context } = fields;
  return [...pairs({ slot, worker, gen, pid }), message, ...pairs(context)].join(" ");
}

/** What is unknown is left out; what has spaces is quoted. */
function pairs(fields: LogFields): string[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => `${key}=${quoted(String(value))}`);
}

function quoted(text: string): string {
  return /[\s"=]/.test(text) || text === "" ? JSON.stringify(text) : text;
}

/** Both releases of a roll, or once what is the same. */
function releaseFields({ fromRelease, toRelease, unchanged }: RollResult): LogFields {
  const { entry, version, folder, fingerprint } = toRelease ?? {};
  const now = { entry, version, folder, fingerprint };
  if (unchanged) return { unchanged, ...now };
  const { entry: oldEntry, version: oldVersion, folder: oldFolder } = fromRelease ?? {};
  return { ...now, oldEntry, oldVersion, oldFolder, oldFingerprint: fromRelease?.fingerprint };
}

/** Writes what happened to a worker, a template or a roll. */
export function logAnnouncement(logger: Logger, { name, event }: Announcement): void {
  if (name === "roll:started" || name === "roll:progress") {
    const { id, from, to, step, replaced, total } = event;
    return logger.info(name, { roll: id, from, to, step, replaced, total });
  }
  if (name === "roll:ended") {
    const { id, from, to, result, replaced, killed, durationMs, reason } = event;
    const fields = { roll: id, from, to, result, replaced, killed, durationMs: Math.round(durationMs) };
    const code = reason?.code;
    const changed = event.changed.length === 0 ? undefined : event.changed.join(",");
    return logger.info(name, { ...fields, reason: code, changed, ...releaseFields(event) });
  }
  const identity =
    "template" in event
      ? { template: event.template, gen: event.generation, pid: event.pid }
      : { slot: event.slot, worker: event.worker, gen: event.generation, pid: event.pid };
  if (name === "worker:message") return logger.debug(name, identity);
  if (name === "template:ready") {
    const held = heldInWords(event.held).replace("held: ", "");
    const fields = { readyAfterMs: Math.round(event.readyAfterMs), ...(held === "" ? {} : { held }) };
    return logger.info(name, { ...identity, ...fields, ...(event.isWaiting ? { waiting: true } : {}) });
  }
  if (name === "worker:ready")
    return logger.info(name, { ...identity, readyAfterMs: Math.round(event.readyAfterMs) });
  if (name !== "worker:exited" && name !== "template:exited") return logger.info(name, identity);
  const { exitCode, signal, reason } = event;
  if (reason === null) return logger.info(name, { ...identity, exitCode, signal });
  // Of a start that fails. Why one that has served ended stands in its own line.
  const isSaid =
    logger.isBesideStderr === true && ["BROOD_BOOT_FAILED", "BROOD_NOTHING_SERVED"].includes(reason.code);
  const said = isSaid ? (reason.stderr ?? "") : "";
  const message = withoutRepeat(reason.message, said);
  logger.warn(name, { ...identity, exitCode, signal, reason: reason.code, message });
}
