// What a restart is asked to go to: an entry's path, or a generation that completed. Checked before the machine hears of it,
// so that a typing error costs neither a generation's number nor a roll that is under way.

import { badOption } from "./errors.ts";
import type { Generation } from "./machine/names.ts";
import { objectOption } from "./options.ts";
import { checkEntry } from "./service-options.ts";
import type { RestartOptions } from "./service-types.ts";

export interface RestartTarget {
  readonly entry: string | null;
  readonly to?: Generation;
}

/** @throws PoolError BROOD_BAD_OPTION */
export function checkRestartOptions(
  options: RestartOptions,
  folder: string,
  generations: readonly { readonly generation: Generation }[],
): RestartTarget {
  objectOption("restart", options, ["entry", "to"]);
  const { entry, to } = options;
  if (entry !== undefined && to !== undefined) throw badOption("to", to, "none beside entry");
  if (typeof to !== "number") {
    const path = entry ?? to;
    return { entry: path === undefined ? null : checkEntry(path, folder) };
  }
  const known = generations.map(({ generation }) => generation);
  if (known.includes(to)) return { entry: null, to };
  const accepted = known.length === 0 ? "none before the service has started" : `one of ${known.join(", ")}`;
  throw badOption("to", to, `the path of an entry, or a generation that completed: ${accepted}`);
}
