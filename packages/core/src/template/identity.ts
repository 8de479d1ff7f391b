// What tells one process from another, and whose it is after a fork.
//   process.pid         the worker's own, also as an export of node:process. Who kept it while loading (a logger that puts it into
//                       each line) cannot be helped, but told: package and file, once, when the template starts
//   process.ppid        Node asks for it each time
//   process.cpuUsage()  goes on from the template's: whoever noted it while loading would see time run backwards, and prom-client
//                       answers its first scrape with an error then. So do threadCpuUsage and resourceUsage
// Reads by Node, by Brood, and by handlers of warm-up requests tell nothing: what they read is not kept.

import { syncBuiltinESMExports } from "node:module";
import { fileURLToPath } from "node:url";

/** Frames that are asked for: Node's own may lie between. */
const FRAMES_MAX = 20;

/** Who reads it in a loop shows at once. */
const READS_MAX = 1_000;

/** Of Node's module that copies properties of `process` to the exports of node:process. */
const EXPORTS_OF_BUILTINS = "node:internal/bootstrap/realm";

/** Of Node's modules that call handlers of requests. */
const SERVERS = /node:(_http_server|internal\/http2)/;

/** Brood's own packages, whose frames are nobody's. */
const OURS = [fileURLToPath(new URL("../", import.meta.url)), "/@brood/", "/http-adapter/dist/"];

type Usage = Record<string, number>;
type Measure = (this: unknown, ...parameters: unknown[]) => Usage;

/** Names of functions of `process`, and of the two times in what they give. */
const CPU_TIMES: Readonly<Record<string, readonly [user: string, system: string]>> = {
  cpuUsage: ["user", "system"],
  threadCpuUsage: ["user", "system"],
  resourceUsage: ["userCPUTime", "systemCPUTime"],
};

export class Identity {
  /** `pino (/srv/app/node_modules/pino/pino.js:12:20)` */
  readonly #readers: Set<string> = new Set();
  readonly #inherited: Record<string, readonly [user: number, system: number]> = {};
  readonly #measures: Map<string, Measure> = new Map();
  #isLoading = true;
  #reads = 0;
  #isExported = false;

  /** Before the application is loaded. */
  constructor() {
    const { pid } = process;
    define("pid", {
      get: () => {
        this.#read();
        return pid;
      },
    });
    for (const [name, fields] of Object.entries(CPU_TIMES)) this.#continue(name, fields);
  }

  /** The entry has been evaluated. @returns who may have kept the pid: packages and files */
  loaded(): readonly string[] {
    this.#isLoading = false;
    return [...this.#readers];
  }

  /** In the template, before each fork. */
  measure(): void {
    for (const [name, measure] of this.#measures) {
      const [user, system] = CPU_TIMES[name] ?? ["", ""];
      const usage = Reflect.apply(measure, process, []);
      this.#inherited[name] = [usage[user] ?? 0, usage[system] ?? 0];
    }
  }

  /** In a forked process. */
  renew(pid: number): void {
    define("pid", { value: pid, writable: false });
    if (this.#isExported) syncBuiltinESMExports();
  }

  /** Numbers of a forked process begin with those of its template. */
  #continue(name: string, [user, system]: readonly [string, string]): void {
    const measure: unknown = Reflect.get(process, name);
    if (typeof measure !== "function") return;
    this.#measures.set(name, measure as Measure);
    const inherited = this.#inherited;
    const led: Measure = function (...parameters) {
      const usage = Reflect.apply(measure, this, parameters) as Usage;
      const [userBefore, systemBefore] = inherited[name] ?? [0, 0];
      usage[user] = (usage[user] ?? 0) + userBefore;
      usage[system] = (usage[system] ?? 0) + systemBefore;
      return usage;
    };
    Reflect.set(process, name, Object.defineProperties(led, Object.getOwnPropertyDescriptors(measure)));
  }

  #read(): void {
    if (this.#isExported && !this.#isLoading) return;
    this.#reads += 1;
    if (this.#reads > READS_MAX) {
      this.#isExported = true; // for all that is known
      return;
    }
    const [caller = "", ...others] = callers();
    if (caller.includes(EXPORTS_OF_BUILTINS)) this.#isExported = true;
    const path = /(?:file:\/\/)?(\/[^()]+:\d+:\d+)\)?$/.exec(caller)?.[1];
    const isOurs = OURS.some((each) => caller.includes(each));
    const isHandler = others.some((each) => SERVERS.test(each));
    if (!this.#isLoading || path === undefined || caller.includes("node:") || isOurs || isHandler) return;
    this.#readers.add(`${packageOf(path) ?? "the application"} (${path})`);
  }
}

/** `pino`, `@scope/name`; null for the application's own files. */
function packageOf(path: string): string | null {
  const inside = path.split("/node_modules/").at(-1) ?? "";
  return path.includes("/node_modules/") ? (/^(@[^/]+\/)?[^/]+/.exec(inside)?.[0] ?? null) : null;
}

function callers(): readonly string[] {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES_MAX;
  Error.captureStackTrace(holder, callers);
  Error.stackTraceLimit = limit;
  const frames = (holder.stack ?? "").split("\n").filter((line) => line.trim().startsWith("at "));
  // `Reflect.get` has no file.
  return frames.filter((line) => !line.includes(import.meta.url) && !line.endsWith("(<anonymous>)"));
}

function define(name: string, property: PropertyDescriptor): void {
  Object.defineProperty(process, name, { enumerable: true, configurable: true, ...property });
}
