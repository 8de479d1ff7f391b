// The flags of Node that workers are started with: those that were given for them, else those of the host, and the preloads that
// were asked for in any case.

import { hostArguments } from "./host-arguments.ts";

export interface NodeFlags {
  /** Null: the host's own. */
  readonly given: readonly string[] | null;
  /** `--import x`, `--require y`, flag and value apart. */
  readonly preloads: readonly string[];
}

/** A thread of theirs does not survive a fork. */
export const NOT_IN_TEMPLATES: RegExp = /^--(inspect|cpu-prof|heap-prof|experimental-worker)/;

export function processFlags({ given, preloads }: NodeFlags): readonly string[] {
  return [...(given ?? hostArguments()), ...preloads];
}

/** What was given for a template has been checked. */
export function templateNodeFlags({ given, preloads }: NodeFlags): readonly string[] {
  return [...(given ?? hostArguments().filter((flag) => !NOT_IN_TEMPLATES.test(flag))), ...preloads];
}

/** @returns undefined: Node gives a thread what the process has.
 *  @param refused  whether Node does not take this flag for a thread */
export function threadFlags(
  { given, preloads }: NodeFlags,
  refused: (flag: string) => boolean,
): readonly string[] | undefined {
  if (given !== null) return [...given, ...preloads];
  if (preloads.length === 0) return undefined;
  return [...hostArguments().filter((flag) => !refused(flag)), ...preloads];
}
