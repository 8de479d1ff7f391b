// Whether this machine can fork a template at all: asked when the options are checked, so that a program is refused before
// anything has started, and again by whoever makes the strategy.

import { existsSync } from "node:fs";
import { PoolError } from "../errors.ts";
import { type Binding, nativeSupport } from "./binding.ts";

/** Threads, descriptors and locks of a template are looked at here before each fork. */
const PROC = "/proc/self/fd";

/** @throws PoolError BROOD_TEMPLATE_UNSUPPORTED, saying what is missing and what to do. */
export function templateBinding(): Binding {
  const support = nativeSupport();
  if (!support.ok) throw unsupported(`${support.reason} Use spawn: fresh, which needs none of it.`);
  if (!existsSync(PROC))
    throw unsupported(
      `/proc is not mounted (there is no ${PROC}), where a template is looked at before it is forked. ` +
        "Mount it (mount -t proc proc /proc), or use spawn: fresh, which needs none of it.",
    );
  return support.binding;
}

function unsupported(what: string): PoolError {
  return new PoolError("BROOD_TEMPLATE_UNSUPPORTED", `spawn: template cannot be used here: ${what}`);
}
