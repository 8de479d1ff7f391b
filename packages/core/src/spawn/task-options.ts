// What every strategy for task workers is told, and the order that its worker gets.

import type { BootOrder } from "../link/protocol.ts";
import type { TaskOrder } from "../link/task-protocol.ts";
import type { SpawnOrder } from "../ports/spawn-strategy.ts";
import { hostArguments } from "./host-arguments.ts";

export interface TaskSpawnOptions {
  readonly name: string;
  readonly heartbeatIntervalMs: number;
  /** The worker's whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Undefined: what the host was started with. */
  readonly execArgv: readonly string[] | undefined;
  readonly resourceLimits: Readonly<Record<string, number>>;
  readonly workerData: unknown;
  readonly tasks: TaskOrder;
}

export function sessionOf(
  options: TaskSpawnOptions,
  order: SpawnOrder,
  runtime: BootOrder["runtime"],
): { readonly boot: BootOrder; readonly tasks: TaskOrder } {
  const { worker, slot, generation, release, stamps } = order;
  const { name, heartbeatIntervalMs, tasks } = options;
  const identity = { worker, slot, generation, release, stamps, name, runtime, heartbeatIntervalMs };
  return { boot: { ...identity, spawn: "fresh", host: null, hostData: null, sockets: [] }, tasks };
}

/** A process's heap is limited by a flag. */
export function processArguments({ execArgv = hostArguments(), resourceLimits }: TaskSpawnOptions): string[] {
  const limitMb = resourceLimits["maxOldGenerationSizeMb"];
  return limitMb === undefined ? [...execArgv] : [...execArgv, `--max-old-space-size=${Math.ceil(limitMb)}`];
}
