// The rows of the handoff matrix: handoff x runtime x spawn. What is added here runs through every claim of
// handoff-matrix.test.ts. A row that cannot run on this machine says why.

import { nativeSupport } from "@brood/core/native";
import { canBindByFlag } from "../../src/handoff/reuseport-sockets.ts";

export interface HandoffRow {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Surplus sockets are closed while the server runs. */
  readonly closesSurplus: boolean;
  /** Null: it runs. */
  readonly skipReason: string | null;
}

const NATIVE = nativeSupport();
const WITHOUT_ADDON = { BROOD_NATIVE: "off" };

/** How workers come to be. `thread` belongs here as soon as there are such. */
const WORKERS: readonly {
  readonly name: string;
  readonly args: readonly string[];
  readonly needsAddon: boolean;
}[] = [
  { name: "process, fresh", args: ["--runtime", "process", "--spawn", "fresh"], needsAddon: false },
  { name: "process, template", args: ["--runtime", "process", "--spawn", "template"], needsAddon: true },
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

export const ROWS: readonly HandoffRow[] = WORKERS.flatMap((workers) =>
  HANDOFFS.filter(({ env }) => env !== WITHOUT_ADDON || !workers.needsAddon).map((handoff) => ({
    ...handoff,
    skipReason: handoff.skipReason ?? (workers.needsAddon && !NATIVE.ok ? NATIVE.reason : null),
    name: `${handoff.name}: ${workers.name}`,
    args: [...workers.args, ...handoff.args],
  })),
);

function row(handoff: string, env: Readonly<Record<string, string>>, skipReason: string | null): HandoffRow {
  const name = env === WITHOUT_ADDON ? `${handoff} without the addon` : handoff;
  return { name, args: ["--handoff", handoff], env, closesSurplus: false, skipReason };
}
