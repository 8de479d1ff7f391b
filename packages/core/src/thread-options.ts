// What only threads have (limits of their own), and what they cannot have: each combination that cannot work is refused
// by the option's name before anything is started.

import { badOption } from "./errors.ts";
import { nativeSupport } from "./native/binding.ts";
import { choiceOption, numberOption, objectOption } from "./options.ts";
import type { ServiceOptions, ThreadLimits } from "./service-types.ts";

/** 64 TiB: more than any machine has. */
const MEGABYTES_MAX = 2 ** 26;

const LIMITS: readonly (keyof ThreadLimits)[] = [
  "maxOldGenerationSizeMb",
  "maxYoungGenerationSizeMb",
  "codeRangeSizeMb",
  "stackSizeMb",
];

type ThreadRelated = Pick<ServiceOptions, "runtime" | "spawn" | "sockets" | "resourceLimits">;

export interface CheckedRuntime {
  readonly runtime: "process" | "thread";
  readonly resourceLimits: ThreadLimits;
}

/** @throws PoolError BROOD_BAD_OPTION */
export function checkRuntime(options: ThreadRelated): CheckedRuntime {
  const runtime = choiceOption("runtime", options.runtime, ["process", "thread"], "process");
  if (runtime === "thread") refuseImpossible(options);
  else if (options.resourceLimits !== undefined)
    throw badOption(
      "resourceLimits",
      options.resourceLimits,
      'none unless runtime is "thread"; for a process use execArgv, e.g. --max-old-space-size=512',
    );
  return { runtime, resourceLimits: checkLimits(options.resourceLimits) };
}

function refuseImpossible({ spawn, sockets }: ThreadRelated): void {
  if (spawn !== undefined && spawn !== "fresh")
    throw badOption("spawn", spawn, '"fresh" while runtime is "thread": a thread cannot be forked');
  const support = sockets === undefined ? null : nativeSupport();
  if (support !== null && !support.ok)
    throw badOption(
      "runtime",
      "thread",
      `"process" here: each thread needs a duplicate of the socket, which only the addon can make, and ${support.reason}`,
    );
}

function checkLimits(limits: ThreadLimits = {}): ThreadLimits {
  objectOption("resourceLimits", limits, LIMITS, "an object of numbers");
  for (const name of LIMITS) numberOption(`resourceLimits.${name}`, limits[name], 0.1, MEGABYTES_MAX, 1);
  return limits;
}
