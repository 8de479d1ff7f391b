// A real task pool for a test: real threads or processes, a temporary folder for the files it is given. When it is closed,
// or could not start, nothing of it is left.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  badOption,
  createTaskPool,
  PoolError,
  type RollResult,
  type TaskPool,
  type TaskPoolOptions,
} from "@brood/core";
import { choiceOption } from "@brood/core/options";
import { type BootOrders, bootOrders } from "../inject/boot-orders.ts";
import { type ReleaseFiles, Releases, type TestRelease } from "../server/releases.ts";
import { ServerLog } from "../server/server-log.ts";

/** Everything of `createTaskPool` but the logger; other defaults in brackets. [minWorkers 2, maxWorkers 2,
 *  bootTimeoutMs 20_000, drainTimeoutMs 10_000, abortGraceMs 200] */
export interface TestPoolConfig extends Omit<TaskPoolOptions, "filename" | "logger"> {
  /** A task file that exists. Either this or `files`. */
  readonly filename?: string | URL;
  /** The first release, written into a folder of its own: relative path -> text, the first one is the task file. */
  readonly files?: ReleaseFiles;
  /** "capture" (default): `pool.logs()` has what the pool says. "print": on stderr as it comes. */
  readonly logs?: "capture" | "print";
  /** The node_modules folder of releases given as files; default the nearest one upwards, false: none. */
  readonly modules?: string | false;
}

export interface TestPool<Tasks = unknown> extends TaskPool<Tasks> {
  /** Makes a release of `files`, or takes another task file, and restarts to it. A bad file is a result. */
  deploy(next: ReleaseFiles | string | URL): Promise<RollResult>;
  readonly releases: readonly TestRelease[];
  /** What the pool has said so far, also after `close()`. Workers' own output is this process's. */
  logs(): string;
  /** For `faultInjector(pool)`; of processes. */
  readonly boots?: BootOrders;
  /** Refuses what is left with BROOD_CLOSED, ends the workers at once, removes everything. Repeated calls join. */
  close(): Promise<void>;
}

const QUICK: Partial<TaskPoolOptions> = {
  minWorkers: 2,
  maxWorkers: 2,
  bootTimeoutMs: 20_000,
  drainTimeoutMs: 10_000,
  abortGraceMs: 200,
};

/** Starts a pool. Resolves when its workers are ready.
 *  @throws PoolError BROOD_BAD_OPTION, BROOD_BOOT_FAILED, ...; nothing is left behind then. */
export async function testPool<Tasks = unknown>(config: TestPoolConfig): Promise<TestPool<Tasks>> {
  const { filename, files, logs, modules, ...options } = config;
  if (filename !== undefined && files !== undefined) throw badOption("files", files, "none beside filename");
  const first = filename ?? files;
  if (first === undefined)
    throw badOption("filename", filename, "the path of a task file that exists, or files");
  const prints = choiceOption("logs", logs, ["capture", "print"], "capture") === "print";
  const folder = mkdtempSync(join(tmpdir(), "brood-test-"));
  const boots = options.runtime === "child_process" ? bootOrders() : null;
  const log = new ServerLog(join(folder, "pool.log"), prints);
  const remove = async (): Promise<void> => {
    log.keep();
    await boots?.close();
    rmSync(folder, { recursive: true, force: true });
  };
  let pool: TaskPool<Tasks> | null = null;
  try {
    const releases = new Releases(join(folder, "releases"), process.cwd(), modules);
    const { entry } = releases.add(first);
    const execArgv = [...(boots?.execArgv ?? []), ...(options.execArgv ?? [])];
    const own = { ...QUICK, ...options, execArgv, filename: entry, logger: log.logger };
    pool = createTaskPool<Tasks>(own);
    await pool.ready();
    return wrap(pool, { boots, releases, log, remove });
  } catch (error) {
    await pool?.destroy();
    await remove();
    throw error;
  }
}

interface Parts {
  readonly boots: BootOrders | null;
  readonly releases: Releases;
  readonly log: ServerLog;
  remove(): Promise<void>;
}

/** The pool itself, with more to it: its own methods go on working on its private state. */
function wrap<Tasks>(pool: TaskPool<Tasks>, { boots, releases, log, remove }: Parts): TestPool<Tasks> {
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closed ??= pool.destroy().finally(remove);
    return closed;
  };
  return Object.assign(pool, {
    releases: releases.list,
    ...(boots === null ? {} : { boots }),
    async deploy(next: ReleaseFiles | string | URL): Promise<RollResult> {
      if (closed !== null) throw new PoolError("BROOD_CLOSED", "the test pool was closed. Start a new one.");
      return pool.restart({ filename: releases.add(next).entry });
    },
    logs: () => log.text(),
    close,
    [Symbol.asyncDispose]: close,
  });
}
