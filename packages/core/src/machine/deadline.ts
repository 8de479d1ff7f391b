// What a moment may have been set for. An entry is never searched for or moved: whoever takes a due one compares it with the
// record it names, and an entry that was overtaken by events means nothing.

import type { Generation, Milliseconds, SlotIndex, TemplateId, WorkerId } from "./names.ts";

export type Deadline =
  /** The worker's state must have been left by then. */
  | {
      readonly atMs: Milliseconds;
      readonly kind: "state" | "liveness" | "healthy" | "age";
      readonly worker: WorkerId;
    }
  | {
      readonly atMs: Milliseconds;
      readonly kind: "template-state" | "template-liveness";
      readonly template: TemplateId;
    }
  /** The generation's template may be built again. */
  | { readonly atMs: Milliseconds; readonly kind: "template-back-off"; readonly generation: Generation }
  /** The slot may be filled again. */
  | { readonly atMs: Milliseconds; readonly kind: "back-off"; readonly slot: SlotIndex }
  /** The release must have been pinned by then. */
  | { readonly atMs: Milliseconds; readonly kind: "resolve"; readonly generation: Generation }
  /** The roll to it is to look at its canary again. */
  | { readonly atMs: Milliseconds; readonly kind: "canary"; readonly generation: Generation };
