// How many workers someone asks for: a number, or one relative to what is wanted now (`+2`, `-1`).

import { badOption } from "@brood/core/errors";
import { WORKERS_MAX } from "@brood/core/options";

export const SCALE_FORMS: string = `a whole number from 1 to ${WORKERS_MAX}, or a change such as +1 or -1`;

/** Whether the text can be a target at all; the result still depends on how many workers there are. */
export function isScaleTarget(value: unknown): value is string | number {
  return typeof value === "number"
    ? Number.isInteger(value)
    : typeof value === "string" && /^[+-]?\d{1,5}$/.test(value);
}

/** @param desired  workers wanted now. @throws PoolError BROOD_BAD_OPTION also when fewer than 1 would be left. */
export function scaleTarget(value: unknown, desired: number): number {
  if (!isScaleTarget(value)) throw badOption("workers", value, SCALE_FORMS);
  const isChange = typeof value === "string" && /^[+-]/.test(value);
  const target = isChange ? desired + Number(value) : Number(value);
  if (target >= 1 && target <= WORKERS_MAX) return target;
  throw badOption("workers", value, isChange ? `${SCALE_FORMS}; ${desired} are wanted now` : SCALE_FORMS);
}
