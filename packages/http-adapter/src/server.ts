// A running server as its host sees it, and as the control socket does. Both stop it the same way: workers drain and
// exit, addresses and pidfile go, and only then the control socket, which still owes an answer.

import type { RestartOptions, RollResult, ServiceEvents, ServiceStats } from "@brood/core";
import { detached, ignored } from "@brood/core/callbacks";
import type { ControlTarget } from "./control/target.ts";
import { Ending, type EndingParts, type StopOptions } from "./ending.ts";
import type { LogFile } from "./log-files.ts";
import type { ReleaseStack } from "./release-stack.ts";

export interface Server {
  readonly name: string;
  /** With real ports: `tcp://127.0.0.1:41233`, `unix:/run/app.sock`. */
  readonly addresses: readonly string[];
  /** Path of the control socket, null without one. */
  readonly control: string | null;
  /** Settles when a stop has begun, whoever asked for it; never rejects. */
  readonly stopping: Promise<void>;
  /** Settles when the server has stopped, whoever asked for it; never rejects. */
  readonly stopped: Promise<void>;
  /** Phased restart: to the same entry resolved anew, to another (`entry`), or back to a generation (`to`). Never rejects
   *  for a bad release: see `result`. @throws PoolError BROOD_BAD_OPTION, BROOD_CLOSED after stop(). */
  restart(options?: RestartOptions): Promise<RollResult>;
  /** Resolves when so many workers (1...10_000) are ready and surplus ones have exited. */
  scale(workers: number): Promise<void>;
  /** From the last heartbeats; frozen. */
  stats(): ServiceStats;
  /** Asks every ready worker for a heartbeat first, waiting at most 250 ms. */
  freshStats(): Promise<ServiceStats>;
  /** Serves on as before for `stopDelayMs` (the state is "stopping" by then), refuses new connections, drains the workers, frees
   *  addresses, pidfile and control socket. Repeated calls join. `now` hurries: no delay, and the workers are killed. */
  stop(options?: StopOptions): Promise<void>;
  /** Opens the `stdout` and `stderr` files again, after logrotate has moved them. @throws when one cannot be opened. */
  reopenLogs(): void;
  on<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): this;
  once<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): this;
  off<Name extends keyof ServiceEvents>(name: Name, listener: ServiceEvents[Name]): this;
}

export interface ServerParts extends EndingParts {
  /** Holds, oldest first: log files, control socket, "addresses", pidfile, workers. */
  readonly stack: ReleaseStack;
  readonly control: string | null;
  readonly logFiles: readonly LogFile[];
}

/** The two faces of one server. */
export function createServer(parts: ServerParts): { readonly api: Server; readonly target: ControlTarget } {
  const { service, stack } = parts;
  let settleStopped = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    settleStopped = resolve;
  });
  const ending = new Ending(parts);

  /** Resolves when the addresses are free; the control socket is still open. */
  const endServing = async (options: StopOptions): Promise<void> => {
    await ending.end(options);
    await stack.releaseDownTo("addresses");
  };
  const stop = async (options: StopOptions = {}): Promise<void> => {
    await endServing(options);
    await stack.release();
    settleStopped();
  };
  const stats = (given: ServiceStats): ServiceStats => {
    const { kind } = parts.handoff;
    const unreachable = parts.handoff.unreachable();
    const { listeners } = parts.handoff;
    const all = { ...given, handoff: kind, ...(listeners !== undefined && { listeners }) };
    return Object.freeze({ ...all, ...(unreachable.length > 0 && { unreachable }) });
  };

  const api: Server = {
    name: service.stats().name,
    get addresses() {
      return parts.handoff.addresses;
    },
    control: parts.control,
    stopping: ending.begun,
    stopped,
    restart: (options) => service.restart(options),
    scale: (workers) => service.scale(workers),
    stats: () => stats(service.stats()),
    freshStats: async () => stats(await service.freshStats()),
    stop,
    reopenLogs: () => {
      for (const file of parts.logFiles) file.reopen();
    },
    on: (name, listener) => {
      service.on(name, listener);
      return api;
    },
    once: (name, listener) => {
      service.once(name, listener);
      return api;
    },
    off: (name, listener) => {
      service.off(name, listener);
      return api;
    },
  };
  return { api, target: controlTarget(api, endServing, stop) };
}

function controlTarget(
  api: Server,
  endServing: (options: StopOptions) => Promise<void>,
  stop: () => Promise<void>,
): ControlTarget {
  return {
    stats: api.stats,
    freshStats: api.freshStats,
    restart: (options) => api.restart(options),
    scale: api.scale,
    stop: async (options) => {
      await endServing(options);
      // The rest waits for the answer to this very request.
      detached(stop(), ignored);
    },
    on: api.on,
    off: api.off,
  };
}
