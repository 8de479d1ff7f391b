// The engine's words for who and where, as this package's handoffs use them.

export type { SlotIndex, WorkerId } from "@brood/core/engine";
