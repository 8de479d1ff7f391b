// Waiting in tests: always for an event, with a deadline that fails loudly and prints what was logged.
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createService,
  formatLine,
  type Logger,
  type Service,
  type ServiceEvents,
  type ServiceOptions,
} from "@brood/core";
import { onTestFailed, onTestFinished } from "vitest";

/** How workers come to be, unless a test says; the project `template` of vitest.config.ts runs files again. */
export const SPAWN = process.env["BROOD_TEST_SPAWN"] === "template" ? "template" : "fresh";

const DEADLINE_MS = 20_000;

export function within<Value>(
  what: string,
  promise: Promise<Value>,
  deadlineMs: number = DEADLINE_MS,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${deadlineMs} ms`)), deadlineMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export function nextEvent<Name extends keyof ServiceEvents>(
  service: Service,
  name: Name,
  accepts: (event: Parameters<ServiceEvents[Name]>[0]) => boolean = () => true,
): Promise<Parameters<ServiceEvents[Name]>[0]> {
  const found = new Promise<Parameters<ServiceEvents[Name]>[0]>((resolve) => {
    const listener = ((event: Parameters<ServiceEvents[Name]>[0]) => {
      if (!accepts(event)) return;
      service.off(name, listener);
      resolve(event);
    }) as ServiceEvents[Name];
    service.on(name, listener);
  });
  return within(`event ${name}`, found);
}

/** Nothing tells of the end of a process that is not our own; asking without a pause would take its core from it. */
const LOOK_AGAIN_AFTER_MS = 2;

/** Resolves when the process has gone. */
export async function gone(pid: number, deadlineMs: number = DEADLINE_MS): Promise<void> {
  const isAlive = async (): Promise<boolean> => {
    const stat = await fs.readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
    return stat !== null && !stat.includes(") Z ");
  };
  const untilMs = performance.now() + deadlineMs;
  while (await isAlive()) {
    if (performance.now() > untilMs) throw new Error(`pid ${pid} is still there after ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_AFTER_MS));
  }
}

/** A folder that is removed when the test ends. */
export async function folder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const path = await fs.mkdtemp(join(tmpdir(), "brood-core-"));
  onTestFinished(() => fs.rm(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await fs.mkdir(join(path, name, ".."), { recursive: true });
    await fs.writeFile(join(path, name), text);
  }
  return path;
}

/** An entry that tells the version beside it. */
export const VERSION_ENTRY: string = await fs.readFile(
  fileURLToPath(new URL("../fixtures/version.mjs", import.meta.url)),
  "utf8",
);

export function release(version: string): Promise<string> {
  return folder({ "app.mjs": VERSION_ENTRY, VERSION: version, "package.json": `{"version":"${version}"}` });
}

/** A service that is stopped when the test ends; its log is printed when the test fails. */
export function service(options: ServiceOptions): Service {
  const lines: string[] = [];
  const log = (message: string, fields?: Parameters<Logger["info"]>[1]): void =>
    void lines.push(formatLine(message, fields));
  const made = createService({
    minHealthyMs: 50,
    spawn: SPAWN,
    logger: { debug: log, info: log, warn: log, error: log },
    ...options,
  });
  onTestFailed(() => console.error(lines.join("\n")));
  onTestFinished(() => made.stop({ now: true }));
  return made;
}

/** pids of the live workers. */
export function pidsOf(made: Service): number[] {
  return made.stats().workers.flatMap(({ pid }) => (pid === null ? [] : [pid]));
}
