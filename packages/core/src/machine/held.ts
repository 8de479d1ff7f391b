// What a template has held back for its workers: counted, and in words. PURE.

/** One thing, and several; in the order in which they are told. */
const NAMES = {
  connections: "connection",
  servers: "server",
  datagrams: "datagram socket",
  threads: "thread",
  processes: "process",
  hooks: "module hook",
  timers: "timer",
} as const;

export type HeldKind = keyof typeof NAMES;

export type HeldCounts = Readonly<Record<HeldKind, number>>;

export const HELD_KINDS: readonly HeldKind[] = Object.keys(NAMES) as HeldKind[];

export const NOTHING_HELD: HeldCounts = {
  connections: 0,
  servers: 0,
  datagrams: 0,
  threads: 0,
  processes: 0,
  hooks: 0,
  timers: 0,
};

/** `held: 3 connections, 2 timers`; "" when nothing is. */
export function heldInWords(counts: HeldCounts): string {
  const plural = (kind: HeldKind): string => (kind === "processes" ? "processes" : `${NAMES[kind]}s`);
  const named = HELD_KINDS.filter((kind) => counts[kind] > 0).map(
    (kind) => `${counts[kind]} ${counts[kind] === 1 ? NAMES[kind] : plural(kind)}`,
  );
  return named.length === 0 ? "" : `held: ${named.join(", ")}`;
}
