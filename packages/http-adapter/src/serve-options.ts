// The configuration of `serve()` and of the config file: its type, and the checks of what belongs to the adapter
// (addresses, paths, modes). Ranges of the engine's own options are the engine's to check. Nothing is touched here:
// bad input is refused before a socket is bound or a worker is started.

import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { HealthCheckOptions, ServiceOptions } from "@brood/core";
import { badOption } from "@brood/core/errors";
import {
  booleanOption,
  choiceOption,
  integerOption,
  isInstance,
  isList,
  nameOption,
  objectOption,
  textOption,
  WORKERS_MAX,
} from "@brood/core/options";
import { entryFile, meantFolder, meantPath } from "@brood/core/place";
import { envFilePaths, type FileVariable, readEnv, readEnvFiles, workerVariables } from "./env-files.ts";
import { isFolder } from "./file-kind.ts";
import { type HandoffConfig, type HandoffOptions, readHandoffOptions } from "./handoff-options.ts";
import {
  type HttpServerConfig,
  type HttpServerOptions,
  readHttpServerOptions,
} from "./http-server-options.ts";
import { type ListenAddress, parseAddresses } from "./listen/addresses.ts";
import { defaultName } from "./name.ts";
import { OPTION_NAMES } from "./option-kinds.ts";

/** Options that the adapter hands on to the engine unseen. */
const ENGINE_KEYS = [
  "bootTimeoutMs",
  "minHealthyMs",
  "drainTimeoutMs",
  "heartbeatTimeoutMs",
  "maxSurge",
  "maxUnavailable",
  "maxFailures",
  "bootConcurrency",
  "template",
  "recycle",
  "canary",
  "onReleaseChanged",
  "env",
  "args",
  "execArgv",
  "import",
  "require",
  "compileCache",
  "resourceLimits",
  "logger",
] as const;

/** They compile what the first users would have to wait for. Their user-agent is "brood-warmup". With templates they are the
 *  template's; a forked worker that nobody has asked for anything 20 ms after it opened asks itself, each path once. */
export interface WarmupOptions {
  /** GET requests for each path, 0...100_000, default 0: none. */
  readonly requests?: number;
  /** Default ["/"]. */
  readonly paths?: readonly string[];
}

type EngineOptions = Pick<ServiceOptions, (typeof ENGINE_KEYS)[number]>;

export interface ServeConfig extends EngineOptions, HandoffConfig {
  /** The module to serve, relative to `cwd`; as `node` takes it: also without its extension, or a folder with a package.json. */
  readonly entry: string | URL;
  /** Workers wanted, 1...10_000, or "auto" (default): the cores that this process may use, which a cgroup (a container) may bound. */
  readonly workers?: number | "auto";
  /** Default: where the program itself listens; of an exported application $PORT, else 3000. Forms: 3000, "127.0.0.1:3000", "tcp://[::1]:3000", "unix:/run/app.sock", "fd:3". */
  readonly listen?: string | number | readonly (string | number)[];
  /** "thread": see docs/threads.md. Default "process". */
  readonly runtime?: "process" | "thread";
  /** "fresh" (default): each worker is a new process. "template": forked from one that has loaded the release; Linux,
   *  docs/forking.md. */
  readonly spawn?: "fresh" | "template";
  /** GET requests of our own before anybody serves (in the template, or in each fresh worker before it is ready). */
  readonly warmup?: WarmupOptions;
  /** In logs, stats and the control socket's path; default: `name` in package.json, else the folder's name. */
  readonly name?: string;
  /** Working directory, for the workers and for relative paths here; default that of this process, by the path that was
   *  meant ($PWD); of a configuration file that is named its folder, unless the entry is given beside it. A symlink in it is followed anew by each restart. */
  readonly cwd?: string;
  /** Each response carries `x-brood-generation` and `x-brood-worker`; default false. */
  readonly exposeGeneration?: boolean;
  /** 0...3_600_000, default 0: after TERM, `brood stop` or `stop()` the server serves as before for so long, its state being
   *  "stopping", before it refuses connections and drains. For balancers that go on sending for a while. `now` skips it. */
  readonly stopDelayMs?: number;
  /** A draining worker passes its idle HTTP/1 connections on to others, so that no restart closes one; default true. Needs the
   *  native addon; TLS and HTTP/2 connections stay. False for applications that bind state to a connection (NTLM, a Map by
   *  socket). */
  readonly moveConnections?: boolean;
  /** 0...60_000: how long a draining worker keeps an idle connection that cannot move. Default: as long as its client was told
   *  that it may be idle (`keepAliveTimeout` of the application's server) and a second more, at most `drainTimeoutMs`; a shorter
   *  time makes restarts shorter. */
  readonly lingerMs?: number;
  /** Limits of the HTTP servers: keep-alive, request and header timeouts, header size, backlog. */
  readonly server?: HttpServerConfig;
  /** A worker is ready only when its script has called `process.send("ready")`, as with PM2's `wait_ready`; `bootTimeoutMs`
   *  bounds the wait. Default false: it is ready when it listens. */
  readonly waitReady?: boolean;
  /** 1_000...2_147_483_647, default 86_400_000 (a day): so often the keys of TLS session tickets are made anew; 0 for never.
   *  All workers share them, also after a restart, so that clients resume their sessions on any of them. */
  readonly ticketKeysMs?: number;
  /** Path of the control socket, `true` for the default path, `false` (default in `serve()`) for none. */
  readonly control?: string | boolean;
  /** Path, as "/healthz", that must answer 2xx or 3xx in a worker itself before it serves and for `minHealthyMs` after; with
   *  times of its own as an object. An entry may export `healthCheck(ctx)` as well or instead. */
  readonly healthCheck?: string | HealthCheckConfig;
  /** Files of variables for the workers, relative to `cwd`, read again by each restart; a later one wins over an earlier one,
   *  this process's own environment over them, and `env` over both. $PORT of the default address may stand there too. */
  readonly envFile?: string | readonly string[];
  /** File to write this process's pid into while the server runs. */
  readonly pidfile?: string;
  /** Files to append the workers' output to; default: where this process's own goes. */
  readonly stdout?: string;
  readonly stderr?: string;
}

export interface HealthCheckConfig extends HealthCheckOptions {
  /** Begins with "/". */
  readonly path?: string;
}

export interface ServeOptions {
  readonly entry: string;
  readonly name: string;
  readonly cwd: string;
  /** The folder that this process was started in, as it was meant. */
  readonly standing: string;
  /** `cwd` of the start, without symlinks: what the process makes lies there. */
  readonly own: string;
  readonly workers: number | undefined;
  readonly runtime: "process" | "thread";
  /** Where an exported application is served. A program that listens itself decides unless they are given. */
  readonly addresses: readonly ListenAddress[];
  readonly isListenGiven: boolean;
  readonly handoff: HandoffOptions;
  readonly spawn: "fresh" | "template";
  readonly warmup: Required<WarmupOptions>;
  readonly exposeGeneration: boolean;
  readonly stopDelayMs: number;
  readonly moveConnections: boolean;
  readonly lingerMs: number | null;
  readonly server: HttpServerOptions;
  readonly waitReady: boolean;
  readonly ticketKeysMs: number;
  readonly control: string | boolean;
  readonly healthPath: string | null;
  readonly healthCheck: HealthCheckOptions;
  readonly envFiles: readonly string[];
  readonly fileVariables: ReadonlyMap<string, FileVariable>;
  readonly pidfile: string | undefined;
  readonly stdout: string | undefined;
  readonly stderr: string | undefined;
  readonly engine: EngineOptions;
}

const LINGER_MAX_MS = 60_000;
const DAY_MS = 86_400_000;
const TIMER_MAX_MS = 2 ** 31 - 1;
/** For each worker or template; more only delays its boot. */
const WARMUP_REQUESTS_MAX = 100_000;

/** @param first  what the server was started with: where it stands is from then
 *  @throws PoolError BROOD_BAD_OPTION naming the option, its value and what is accepted. */
export function readServeConfig(
  config: ServeConfig,
  first: Pick<ServeOptions, "standing" | "own"> | null = null,
): ServeOptions {
  objectOption("", config, OPTION_NAMES);
  const standing = first?.standing ?? meantFolder([config.cwd, config.entry]);
  const cwd = resolve(standing, textOption("cwd", config.cwd) ?? "");
  if (!isFolder(cwd)) throw badOption("cwd", config.cwd, "a folder that exists");
  // What this process makes stays where it was made, whatever a symlink points to by then.
  const own = first?.own ?? realpathSync(cwd);
  const entry = readEntry(config.entry, cwd, own, first === null);
  const envFiles = envFilePaths(config.envFile, cwd);
  const fileVariables = readEnvFiles(envFiles);
  const port = process.env["PORT"] ?? fileVariables.get("PORT")?.value;
  const addresses = parseAddresses(config.listen, own, { ...process.env, PORT: port });
  return {
    entry,
    cwd,
    standing,
    own,
    spawn: choiceOption("spawn", config.spawn, ["fresh", "template"], "fresh"),
    warmup: readWarmup(config.warmup),
    name: nameOption("name", config.name, defaultName(cwd, entry)),
    workers: readWorkers(config.workers),
    runtime: choiceOption("runtime", config.runtime, ["process", "thread"], "process"),
    addresses,
    isListenGiven: config.listen !== undefined || addresses.some(({ kind }) => kind === "fd"),
    handoff: readHandoffOptions(config, addresses),
    exposeGeneration: booleanOption("exposeGeneration", config.exposeGeneration, false),
    stopDelayMs: integerOption("stopDelayMs", config.stopDelayMs, 0, 3_600_000, 0),
    moveConnections: booleanOption("moveConnections", config.moveConnections, true),
    lingerMs:
      config.lingerMs === undefined ? null : integerOption("lingerMs", config.lingerMs, 0, LINGER_MAX_MS, 0),
    server: readHttpServerOptions(config.server),
    waitReady: booleanOption("waitReady", config.waitReady, false),
    ticketKeysMs:
      config.ticketKeysMs === 0
        ? 0
        : integerOption("ticketKeysMs", config.ticketKeysMs, 1_000, TIMER_MAX_MS, DAY_MS),
    control: readControl(config.control, own),
    ...readHealthCheck(config.healthCheck),
    pidfile: readPath("pidfile", config.pidfile, own),
    stdout: readPath("stdout", config.stdout, cwd),
    stderr: readPath("stderr", config.stderr, cwd),
    envFiles,
    fileVariables,
    engine: { ...pickEngine(config), env: workerVariables(fileVariables, readEnv(config.env), process.env) },
  };
}

/** @param mustExist  at the start. A restart may be to another entry; the one that it is to must be there when it is resolved. */
function readEntry(value: unknown, cwd: string, own: string, mustExist: boolean): string {
  const accepted = "the path of a module that exists";
  if (typeof value !== "string" && !isInstance(value, URL)) throw badOption("entry", value, accepted);
  const isUrl = typeof value !== "string" || value.startsWith("file:");
  const given = isUrl ? fromUrl(value) : resolve(cwd, value);
  const path = given === null ? null : meantPath(given, cwd, own);
  if (path === null || (mustExist && entryFile(path) === null))
    throw badOption("entry", String(value), accepted);
  return path;
}

function fromUrl(value: string | URL): string | null {
  try {
    return fileURLToPath(value);
  } catch {
    return null;
  }
}

function readWorkers(value: unknown): number | undefined {
  if (value === undefined || value === "auto") return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= WORKERS_MAX)
    return value;
  throw badOption("workers", value, `"auto" or a whole number from 1 to ${WORKERS_MAX}`);
}

function readWarmup(warmup: WarmupOptions = {}): Required<WarmupOptions> {
  objectOption("warmup", warmup, ["requests", "paths"]);
  const { paths = ["/"] } = warmup;
  const wrong = isList(paths)
    ? paths.find((each) => typeof each !== "string" || !/^\/[^\s]*$/.test(each))
    : paths;
  if (wrong !== undefined) throw badOption("warmup.paths", wrong, 'an array of paths such as "/"');
  return { requests: integerOption("warmup.requests", warmup.requests, 0, WARMUP_REQUESTS_MAX, 0), paths };
}

function readControl(value: unknown, cwd: string): string | boolean {
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return resolve(cwd, value);
  throw badOption("control", value, "a path, true or false");
}

function readHealthCheck(
  value: ServeConfig["healthCheck"],
): Pick<ServeOptions, "healthPath" | "healthCheck"> {
  const given: unknown = typeof value === "string" ? { path: value } : value === undefined ? {} : value;
  const accepted = "a path that begins with '/', or an object";
  objectOption("healthCheck", given, ["path", "intervalMs", "timeoutMs"], accepted);
  const { path, ...healthCheck }: HealthCheckConfig = given;
  const isPath = typeof path === "string" && /^\/[\x21-\x7e]*$/.test(path);
  if (path !== undefined && !isPath)
    throw badOption("healthCheck", path, "a path that begins with '/', as \"/healthz\"");
  return { healthPath: path ?? null, healthCheck };
}

function readPath(option: string, value: unknown, cwd: string): string | undefined {
  const path = textOption(option, value);
  return path === undefined ? undefined : resolve(cwd, path);
}

/** Only keys that are given: an option that is undefined would hide the engine's default. */
function pickEngine(config: ServeConfig): EngineOptions {
  const entries = ENGINE_KEYS.map((key) => [key, config[key]]).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}
