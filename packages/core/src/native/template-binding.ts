// Whether this machine can fork a template at all: asked when the options are checked, so that a program is refused before
// anything has started, and again by whoever makes the strategy.

import { PoolError } from "../errors.ts";
import { type Binding, nativeSupport } from "./binding.ts";

/** @throws PoolError BROOD_TEMPLATE_UNSUPPORTED, saying what is missing and what to do. */
export function templateBinding(): Binding {
  const support = nativeSupport();
  if (support.ok) return support.binding;
  throw new PoolError(
    "BROOD_TEMPLATE_UNSUPPORTED",
    `spawn: template cannot be used here: ${support.reason} Use spawn: fresh, which needs none of it.`,
  );
}
