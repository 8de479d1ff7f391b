// `brood start`: a server in the foreground. Signals and the control socket steer it; it ends when the server has
// stopped, whoever asked for that.

import type { Writable } from "node:stream";
import type { Logger } from "@brood/core";
import { PoolError } from "@brood/core/errors";
import { LogFile } from "../log-files.ts";
import { PROCESS_TITLE_PREFIX } from "../pidfile.ts";
import { scaleTarget } from "../scale-target.ts";
import { serve } from "../serve.ts";
import type { ServeConfig } from "../serve-options.ts";
import type { Server } from "../server.ts";
import { checkServeConfig } from "../service-options.ts";
import { handleSignals, type SignalActions } from "../signals.ts";
import { openNotifySocket } from "../systemd/notify-socket.ts";
import { notifyOf, watchdogIntervalMs } from "../systemd/service-notifier.ts";
import { EXIT_FAILED, inCommandWords, reportError } from "./bad-input.ts";
import { createServerLog } from "./server-log.ts";
import { type CommandValues, readStartConfig, type StartConfig } from "./start-config.ts";

/** @returns the exit code, once the server has stopped. */
export async function start(entry: string | undefined, values: CommandValues): Promise<number> {
  const input: { first: StartConfig | null; latest: StartConfig | null } = { first: null, latest: null };
  /** The second time, and each time after, as the files are then. */
  const read = async (): Promise<StartConfig> => {
    const { first } = input;
    input.latest = await readStartConfig(entry, values, process.env, first);
    input.first ??= input.latest;
    return input.latest;
  };
  const explain = (error: unknown): unknown => inCommandWords(error, input.latest);
  try {
    return await run(await read(), read, explain);
  } catch (error) {
    return reportError(explain(error));
  }
}

async function run(
  first: StartConfig,
  reread: () => Promise<StartConfig>,
  explain: (error: unknown) => unknown,
): Promise<number> {
  // By the server's own rule (relative to `cwd`), and only when every option has been checked.
  const output = openOutput(checkServeConfig(first.config).options.stderr);
  const logger = first.config.logger ?? createServerLog(output ?? process.stderr);
  const life = new ServerLife(logger, output);
  handleSignals(life);
  let readings = 0;
  const source = async (): Promise<ServeConfig> => {
    readings += 1;
    const { config } = readings === 1 ? first : await reread();
    return { ...config, logger };
  };
  const options = { signal: life.startSignal, isOwnProcess: true, explain };
  const server = await serve(source, options).catch((error: unknown) => {
    // Asked to stop before it was ready: it has.
    if (life.startSignal.aborted) return null;
    throw error;
  });
  if (server === null) return 0;
  process.title = `${PROCESS_TITLE_PREFIX}${server.name}`;
  let exitCode = 0;
  server.on("error", (error) => {
    logger.error(error.message, { reason: error instanceof PoolError ? error.code : error.name });
    if (!(error instanceof PoolError) || error.code !== "BROOD_BUG") return;
    // The engine has stopped its workers: without them there is nothing to serve.
    exitCode = EXIT_FAILED;
    void server.stop({ now: true });
  });
  life.isReady(server);
  if (process.pid === 1) {
    const { reapOrphans } = await import("../reaper.ts");
    reapOrphans((pid) => logger.debug("reaped an orphan", { pid }));
  }
  const notify = openNotifySocket(process.env, logger);
  if (notify !== null) notifyOf(server, notify, watchdogIntervalMs(process.env, process.pid));
  process.stdout.write(readyLine(server));
  await server.stopped;
  return exitCode;
}

/** Signals before and after the server is ready. */
class ServerLife implements SignalActions {
  readonly #starting = new AbortController();
  readonly #log: Logger;
  readonly #output: Writable | null;
  #server: Server | null = null;

  constructor(log: Logger, output: Writable | null) {
    this.#log = log;
    this.#output = output;
  }

  get startSignal(): AbortSignal {
    return this.#starting.signal;
  }

  isReady(server: Server): void {
    this.#server = server;
  }

  stop(options: { readonly now: boolean }): void {
    if (this.#server === null) this.#starting.abort();
    else void this.#server.stop(options);
  }

  restart(): void {
    this.#ifReady("restart", async (server) => {
      await server.restart();
    });
  }

  scaleBy(change: number): void {
    const target = change > 0 ? `+${change}` : String(change);
    this.#ifReady("scale", async (server) => server.scale(scaleTarget(target, server.stats().desired)));
  }

  reopenLogs(): void {
    this.#ifReady("reopen", async (server) => {
      if (this.#output instanceof LogFile) this.#output.reopen();
      server.reopenLogs();
    });
  }

  /** `act` is async, so that whatever it throws is a rejection: a signal must never end the server by accident. */
  #ifReady(what: string, act: (server: Server) => Promise<void>): void {
    const server = this.#server;
    if (server === null) {
      this.#log.warn(`${what} signal ignored: the server is not ready yet`);
      return;
    }
    act(server).catch((error: unknown) => {
      this.#log.warn(`${what} failed`, { reason: error instanceof Error ? error.message : String(error) });
    });
  }
}

/** The log goes where the workers' stderr goes. Both append, each through its own descriptor. */
function openOutput(path: string | undefined): LogFile | null {
  return path === undefined ? null : new LogFile("stderr", path);
}

function readyLine(server: Server): string {
  const { name, pid, generation, ready } = server.stats();
  const listen = server.addresses.join(",");
  const control = server.control ?? "none";
  return `brood ready name=${name} pid=${pid} generation=${generation} workers=${ready} listen=${listen} control=${control}\n`;
}
