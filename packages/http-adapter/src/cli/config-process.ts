// Runs in the process that reads a configuration file again (config-file.ts): what the file exports, as far as it can be
// sent. What cannot (functions, a logger) is only named.

import { exportedBy, type Reading } from "./config-file.ts";

async function read(path: string): Promise<Reading> {
  const values: Record<string, unknown> = {};
  const kept: string[] = [];
  for (const [option, value] of Object.entries(await exportedBy(path))) {
    if (value instanceof URL) values[option] = value.href;
    else if (canBeSent(value)) values[option] = value;
    else kept.push(option);
  }
  return { values, kept };
}

function canBeSent(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

const reading = await read(process.argv[2] ?? "").catch((error: unknown) => ({
  failure: error instanceof Error ? error.message : String(error),
}));
process.send?.(reading);
