export type { RollResult } from "@brood/core";
