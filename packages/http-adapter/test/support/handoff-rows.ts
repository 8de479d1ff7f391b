// The rows of the handoff matrix: handoff x runtime x spawn. What is added here runs through every claim of
// handoff-matrix.test.ts. A row that cannot run on this machine says why.

import { nativeSupport } from "@brood/core/native";
import { canBindByFlag } from "../../src/handoff/reuseport-sockets.ts";
import { rowsOf } from "./spawn.ts";

export interface HandoffRow {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Surplus sockets are closed while the server runs. */
  readonly closesSurplus: boolean;
  readonly areProcesses: boolean;
  /** Null: it runs. */
  readonly skipReason: string | null;
}

const NATIVE = nativeSupport();
export const WITHOUT_ADDON: Readonly<Record<string, string>> = { BROOD_NATIVE: "off" };

interface WorkersRow {
  readonly name: string;
  readonly args: readonly string[];
  readonly needsAddon: boolean;
  /** Can be stopped and killed from outside. */
  readonly areProcesses: boolean;
}

/** How workers come to be. */
const WORKERS: readonly WorkersRow[] = [
  {
    name: "process, fresh",
    args: ["--runtime", "process", "--spawn", "fresh"],
    needsAddon: false,
    areProcesses: true,
  },
  {
    name: "process, template",
    args: ["--runtime", "process", "--spawn", "template"],
    needsAddon: true,
    areProcesses: true,
  },
  {
    name: "thread, fresh",
    args: ["--runtime", "thread", "--spawn", "fresh"],
    needsAddon: true,
    areProcesses: false,
  },
];

const HANDOFFS: readonly HandoffRow[] = [
  row("listener", {}, null),
  { ...row("reuseport", {}, NATIVE.ok ? null : NATIVE.reason), closesSurplus: true },
  row(
    "reuseport",
    WITHOUT_ADDON,
    canBindByFlag(process.versions.node) ? null : "SO_REUSEPORT without the addon needs Node 22.12",
  ),
  row("connection", {}, NATIVE.ok ? null : NATIVE.reason),
  row("connection", WITHOUT_ADDON, null),
];

const ALL: readonly HandoffRow[] = WORKERS.flatMap((workers) =>
  HANDOFFS.filter(({ env }) => env !== WITHOUT_ADDON || !workers.needsAddon).map((handoff) => ({
    ...handoff,
    areProcesses: workers.areProcesses,
    skipReason: handoff.skipReason ?? (workers.needsAddon && !NATIVE.ok ? NATIVE.reason : null),
    name: `${handoff.name}: ${workers.name}`,
    args: [...workers.args, ...handoff.args],
  })),
);

/** Every handoff of processes with the addon, and the one whose sockets are tied to slots with threads. */
export const ROWS: readonly HandoffRow[] = rowsOf(
  ALL,
  ({ name, args }) =>
    (args.includes("fresh") && args.includes("process") && !name.includes("without")) ||
    name === "reuseport: thread, fresh",
  "the handoffs of forked processes, and those without the addon; listener and connection of threads",
);

function row(handoff: string, env: Readonly<Record<string, string>>, skipReason: string | null): HandoffRow {
  const name = env === WITHOUT_ADDON ? `${handoff} without the addon` : handoff;
  return { name, args: ["--handoff", handoff], env, closesSurplus: false, areProcesses: true, skipReason };
}
