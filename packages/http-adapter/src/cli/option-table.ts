// The options of `brood start`, one row each: how it is written, which option of the configuration it sets, how its
// text is read. Each can be set by an environment variable as well, whose name follows from its spelling. A text that
// does not fit is handed on as it is, so that the one check of that option refuses it; the message is then put into the
// words of the command line (cli/bad-input.ts).

import { resolve } from "node:path";
import { badOption } from "@brood/core/errors";
import { splitWords } from "./words.ts";

export interface OptionRow {
  /** As commander wants it. */
  readonly flags: string;
  /** As the user writes it, for messages. */
  readonly spelling: string;
  /** In the configuration; a dot goes one level down. */
  readonly option: string;
  readonly description: string;
  /** @param here  the folder in which the command runs */
  readonly read: (text: string, here: string) => unknown;
  /** In the environment its values are separated by commas. */
  readonly isRepeatable?: boolean;
  /** Takes no value on the command line, true or false in the environment. */
  readonly isFlag?: boolean;
}

const BYTES_PER_MB = 2 ** 20;

/** 16 TiB: far more than a machine has, and still an exact number of bytes. */
const MEMORY_MAX_MB = 2 ** 24;

export const OPTION_ROWS: readonly OptionRow[] = [
  row("-w, --workers <n|auto>", "workers", "workers wanted (default: auto, one for each CPU)", number),
  {
    ...row(
      "-l, --listen <address>",
      "listen",
      "3000, 127.0.0.1:3000, tcp://[::1]:3000, unix:/run/app.sock or fd:3; repeatable (default: where the program listens, else $PORT, else 3000)",
      text,
    ),
    isRepeatable: true,
  },
  row("--runtime <kind>", "runtime", "what a worker is: process or thread (default: process)", text),
  row(
    "--spawn <how>",
    "spawn",
    "how a worker comes to be: fresh, or template: forked from a process that has loaded it (default: fresh)",
    text,
  ),
  row(
    "--handoff <mode>",
    "handoff",
    "how connections reach workers: listener, reuseport or connection (default: listener)",
    text,
  ),
  row(
    "--balance <how>",
    "balance",
    "with connection: least-connections, round-robin or sticky (default: least-connections)",
    text,
  ),
  row("--max-held <n>", "maxHeld", "with connection: held while no worker is ready (default: 1024)", number),
  row(
    "--hold-timeout <ms>",
    "holdTimeoutMs",
    "with connection: a held one is answered 503 then (default: 10000)",
    number,
  ),
  row("--socket-mode <octal>", "socketMode", "permissions of unix sockets, such as 660", text),
  row("--socket-owner <user:group>", "socketOwner", "owner of unix sockets", text),
  row(
    "--name <name>",
    "name",
    "name in logs and of the control socket (default: name in package.json, else the folder's)",
    text,
  ),
  row(
    "--control <path>",
    "control",
    "control socket (default: <runtime dir>/brood-<uid>/<name>.sock); --no-control for none",
    // A file of that name is ./false.
    (given) => (given === "false" ? false : given),
  ),
  row("--pidfile <path>", "pidfile", "file to write the server's pid into", text),
  row("--stdout <file>", "stdout", "append the workers' stdout to this file; HUP opens it again", text),
  row(
    "--stderr <file>",
    "stderr",
    "append the workers' stderr and the server's log to this file; HUP opens it again",
    text,
  ),
  row(
    "--cwd <folder>",
    "cwd",
    "working directory of the workers, and for relative paths (default: this one, or that of --config's file)",
    text,
  ),
  row("--boot-timeout <ms>", "bootTimeoutMs", "a worker must be ready by then (default: 30000)", number),
  row("--drain-timeout <ms>", "drainTimeoutMs", "a draining worker is killed then (default: 25000)", number),
  row("--stop-delay <ms>", "stopDelayMs", "serve on for so long after TERM, then stop (default: 0)", number),
  row(
    "--heartbeat-timeout <ms>",
    "heartbeatTimeoutMs",
    "a worker silent for so long is killed (default: 30000)",
    number,
  ),
  row(
    "--min-healthy <ms>",
    "minHealthyMs",
    "so long must the first new worker stay healthy (default: 1000)",
    number,
  ),
  row(
    "--health-check <path>",
    "healthCheck",
    "path that must answer 2xx or 3xx in a new worker before it serves",
    text,
  ),
  row(
    "--canary <n>",
    "canary.requests",
    "compare so many answers of new and old code before a restart goes on (default: off)",
    number,
  ),
  row(
    "--linger <ms>",
    "lingerMs",
    "how long a draining worker keeps idle connections that cannot move (default: as long as clients were told)",
    number,
  ),
  row(
    "--keep-alive-timeout <ms>",
    "server.keepAliveTimeoutMs",
    "idle connections are kept so long; behind a balancer: longer than it keeps them (default: 5000)",
    number,
  ),
  row(
    "--headers-timeout <ms>",
    "server.headersTimeoutMs",
    "the head of a request must be there by then (default: 60000)",
    number,
  ),
  row(
    "--request-timeout <ms>",
    "server.requestTimeoutMs",
    "a whole request must be there by then (default: 300000)",
    number,
  ),
  row(
    "--max-header-size <bytes>",
    "server.maxHeaderSizeBytes",
    "larger request heads are answered 431 (default: 16384)",
    number,
  ),
  row(
    "--backlog <n>",
    "server.backlog",
    "connections that may wait to be accepted (default: 511; inherited sockets keep theirs)",
    number,
  ),
  row(
    "--max-surge <n>",
    "maxSurge",
    "slots replaced at once in a restart (default: a quarter, at most one a core)",
    number,
  ),
  row(
    "--max-unavailable <n>",
    "maxUnavailable",
    "workers that a restart may take away first (default: 0)",
    number,
  ),
  row("--max-failures <n>", "maxFailures", "failed new workers until a restart fails (default: 3)", number),
  row(
    "--template-fallback <how>",
    "template.fallback",
    "while the template is being built again, spawns are fresh or wait (default: fresh)",
    text,
  ),
  row(
    "--template-unsafe <what>",
    "template.unsafe",
    "open sockets, threads, timers: refuse or warn (default: refuse)",
    text,
  ),
  flag(
    "--template-hold",
    "template.hold",
    "what a loading program opens is kept for the workers (default: it is; --no-template-hold)",
  ),
  row(
    "--warmup-requests <n>",
    "warmup.requests",
    "GET requests of our own before anybody serves (default: 0)",
    number,
  ),
  {
    ...row(
      "--warmup-path <path>",
      "warmup.paths",
      "path of the warm-up requests; repeatable (default: /)",
      text,
    ),
    isRepeatable: true,
  },
  row("--max-requests <n>", "recycle.requests", "replace a worker after so many requests", number),
  row("--max-memory <mb>", "recycle.memoryBytes", "replace a worker that has grown larger", megabytes),
  {
    ...row(
      "--env-file <file>",
      "envFile",
      "variables for the workers, read again by each restart; repeatable, a later one wins",
      // Of where it runs, also with --cwd: Node looks there too, whatever script has such an option, and ends with exit
      // code 9 if it finds nothing.
      (file, here) => resolve(here, file),
    ),
    isRepeatable: true,
  },
  row(
    "--node-args <flags>",
    "execArgv",
    'flags of Node for the workers, as "--max-old-space-size=512" (default: those of this process)',
    (given) => words("--node-args", given, "flags"),
  ),
  {
    ...row(
      "--import <module>",
      "import",
      "ES module that each worker loads before its entry; repeatable",
      text,
    ),
    isRepeatable: true,
  },
  {
    ...row("--require <module>", "require", "the same for a CommonJS module; repeatable", text),
    isRepeatable: true,
  },
  flag(
    "--wait-ready",
    "waitReady",
    'a worker is ready only when its script has called process.send("ready")',
  ),
  flag(
    "--move-connections",
    "moveConnections",
    "a draining worker passes its kept connections on (default: it does; --no-move-connections)",
  ),
  flag("--expose-generation", "exposeGeneration", "answer with x-brood-generation and x-brood-worker"),
];

function row(flags: string, option: string, description: string, read: OptionRow["read"]): OptionRow {
  const spelling = /--[a-z-]+/.exec(flags)?.[0] ?? flags;
  return { flags, spelling, option, description, read };
}

function flag(flags: string, option: string, description: string): OptionRow {
  return { ...row(flags, option, description, truth), isFlag: true };
}

/** `--boot-timeout` is BROOD_BOOT_TIMEOUT. */
export function variableOf(spelling: string): string {
  return `BROOD_${spelling.slice(2).replaceAll("-", "_").toUpperCase()}`;
}

function truth(given: string): boolean | string {
  if (given === "true" || given === "1") return true;
  return given === "false" || given === "0" ? false : given;
}

/** @param option  as it was written  @param what  the words are */
export function words(option: string, given: string, what: string): readonly string[] {
  const split = splitWords(given);
  if (split === null) throw badOption(option, given, `${what} with each quote closed`);
  return split;
}

function text(given: string): string {
  return given;
}

function number(given: string): number | string {
  return /^\d+$/.test(given) ? Number(given) : given;
}

function megabytes(given: string): number {
  const size = /^\d+$/.test(given) ? Number(given) : 0;
  if (size < 1 || size > MEMORY_MAX_MB) {
    throw badOption("--max-memory", given, `a whole number of megabytes from 1 to ${MEMORY_MAX_MB}`);
  }
  return size * BYTES_PER_MB;
}
