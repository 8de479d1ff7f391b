// Loaded by workers under test before anything else (see boot-orders.ts). Takes at most one order and does what it says.
// What a worker starts in turn inherits its flags: threads and children of workers must not take orders, so only a main
// thread whose parent is the supervisor looks, and a thread of the supervisor that finds Brood's link. Nothing of Brood is imported: an unfaulted boot must stay as it is.

import { readdirSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isMainThread, workerData } from "node:worker_threads";

const { searchParams } = new URL(import.meta.url);
const folder = searchParams.get("orders");
const supervisor = searchParams.get("supervisor");
const isWorker = isMainThread
  ? String(process.ppid) === supervisor
  : String(process.pid) === supervisor && Object(workerData).broodLink !== undefined;

if (isWorker && folder !== null) await obey(take(folder));

function take(from: string): string | null {
  for (const name of namesIn(from)) {
    try {
      renameSync(join(from, name), join(from, `.taken-by-${process.pid}-${name}`));
      return name;
    } catch {
      // Another worker was faster.
    }
  }
  return null;
}

function namesIn(from: string): readonly string[] {
  try {
    return readdirSync(from)
      .filter((name) => !name.startsWith("."))
      .sort();
  } catch {
    return [];
  }
}

async function obey(order: string | null): Promise<void> {
  if (order === null) return;
  if (order.endsWith("-fail")) {
    writeSync(2, "Error: this boot was made to fail by failBoots() of @brood/testing\n");
    process.exit(1);
  }
  const delayMs = Number(/-slow-(\d+)$/.exec(order)?.[1] ?? 0);
  // Its supervisor may die meanwhile, and nobody else looks yet.
  const orphaned = (): never => process.exit(1);
  process.once("disconnect", orphaned);
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  process.off("disconnect", orphaned);
}
