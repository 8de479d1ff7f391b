// Colours only on a terminal, and numbers as people write them.

import picocolors from "picocolors";

export const isTerminal = process.stdout.isTTY === true;

export const colors = picocolors.createColors(isTerminal && picocolors.isColorSupported);

/** 12345.6 -> "12,346" */
export const count = (value) => Math.round(value).toLocaleString("en-US");
