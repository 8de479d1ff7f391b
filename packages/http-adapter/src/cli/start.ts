// `brood start`: a server in the foreground. Signals and the control socket steer it; it ends when the server has
// stopped, whoever asked for that.

import { detached, ignored } from "@brood/core/callbacks";
import { PoolError } from "@brood/core/errors";
import { nativeSupport } from "@brood/core/native";
import { LogFile } from "../log-files.ts";
import { PROCESS_TITLE_PREFIX } from "../pidfile.ts";
import { serve } from "../serve.ts";
import type { ServeConfig } from "../serve-options.ts";
import type { Server } from "../server.ts";
import { checkServeConfig } from "../service-options.ts";
import { handleSignals } from "../signals.ts";
import { openNotifySocket } from "../systemd/notify-socket.ts";
import { notifyOf, watchdogIntervalMs } from "../systemd/service-notifier.ts";
import { Terminal } from "../terminal.ts";
import { EXIT_FAILED, inCommandWords, reportError } from "./bad-input.ts";
import { leaveOnEarlyStop, takeEarlySignals } from "./early-signals.ts";
import { ServerLife } from "./server-life.ts";
import { createServerLog } from "./server-log.ts";
import { type CommandValues, readStartConfig, type StartConfig } from "./start-config.ts";

const terminal = new Terminal();

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
  const listen = leaveOnEarlyStop(() => process.exit(0));
  const explain = (error: unknown): unknown => inCommandWords(error, input.latest);
  try {
    return await run(await read(), { reread: read, explain, listen });
  } catch (error) {
    // With `--stderr` it is in the file.
    return reportError(explain(error), input.latest?.config.stderr === undefined);
  }
}

interface RunParts {
  readonly reread: () => Promise<StartConfig>;
  readonly explain: (error: unknown) => unknown;
  /** The server listens to signals itself. */
  readonly listen: () => void;
}

async function run(first: StartConfig, { reread, explain, listen }: RunParts): Promise<number> {
  // By the server's own rule (relative to `cwd`), and only when every option has been checked.
  const { stdout, stderr } = checkServeConfig(first.config).options;
  const output = openOutput(stderr);
  const logger = first.config.logger ?? createServerLog(output ?? process.stderr);
  const logsToFiles = stdout !== undefined || stderr !== undefined;
  const life = new ServerLife({ log: logger, output, logsToFiles, terminal });
  handleSignals(life);
  listen();
  for (const signal of takeEarlySignals()) {
    if (signal === "SIGHUP") life.hangUp();
    else if (signal === "SIGUSR1" || signal === "SIGUSR2") life.restart();
  }
  let readings = 0;
  const source = async (): Promise<ServeConfig> => {
    readings += 1;
    const { config } = readings === 1 ? first : await reread();
    return { ...config, logger };
  };
  const options = { signal: life.startSignal, isOwnProcess: true, explain };
  const server = await serve(source, options).catch((error: unknown) => {
    // Asked to stop before it was ready, by a signal or by `brood stop`: it has.
    if (life.startSignal.aborted || isStopped(error)) return null;
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
    detached(server.stop({ now: true }), ignored);
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
  leaveClosedTerminal(exitCode);
  return exitCode;
}

/** Node aborts at its end when it cannot reset a terminal that has gone. */
function leaveClosedTerminal(exitCode: number): void {
  const native = nativeSupport();
  if (terminal.hasClosed && native.ok) native.binding.exitNow(exitCode);
}

function isStopped(error: unknown): boolean {
  return error instanceof PoolError && error.code === "BROOD_ROLL_STOPPED";
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
