// The whole state of the machine, and one turn of it. Handlers are functions over a turn: they read and change the
// world and append commands; nothing acts, waits or looks at a clock. Rejected: methods of one big class, the file in
// which every peer hides its defects.

import type { Analysis } from "./analysis.ts";
import type { Command } from "./commands.ts";
import type { MachineConfig } from "./config.ts";
import { Deadlines } from "./deadlines.ts";
import type { Moment } from "./events.ts";
import type { PastGeneration, PinnedGeneration } from "./history.ts";
import type {
  FailureReason,
  Generation,
  Milliseconds,
  Release,
  RollResult,
  RollStep,
  SlotIndex,
  WorkerId,
} from "./names.ts";
import { Registry } from "./registry.ts";
import { SlotQueue } from "./slot-queue.ts";
import { TemplateRegistry } from "./template-registry.ts";

export type Phase = "idle" | "starting" | "running" | "stopping" | "stopped";

export interface Counters {
  spawned: number;
  exited: number;
  crashed: number;
  killed: number;
  mismatched: number;
  staleEvents: number;
  /** Workers spawned fresh because their generation's template was being built again. */
  fallbacks: number;
  /** Connections that draining workers passed on. */
  moved: number;
}

export interface World {
  /** In force for the service as a whole: the roll's from when its target is pinned until it fails, else those of the last
   *  good generation. What concerns one worker or template is decided by that one's own (`settings.ts`). */
  config: MachineConfig;
  readonly registry: Registry;
  readonly templates: TemplateRegistry;
  readonly deadlines: Deadlines;
  readonly counters: Counters;
  phase: Phase;
  /** While `running`: a stop follows. */
  isStopAnnounced: boolean;
  desired: number;
  /** What `desired` goes back to should the roll fail that changed it; null: nothing to go back to. */
  desiredBefore: number | null;
  /** The path of the last good release as it was asked for, before realpath. */
  entry: string;
  /** The highest number given out. */
  newestGeneration: Generation;
  /** The last generation that completed; 0 until the first start has. */
  lastGood: Generation;
  /** Of generations that live, or may have to be brought back. */
  readonly pinned: Map<Generation, PinnedGeneration>;
  /** Generations that completed, oldest first: what a restart can go back to. */
  readonly history: PastGeneration[];
  roll: Roll | null;
  lastRoll: RollResult | null;
  /** A restart asked for while the service starts; begun when it has. */
  waitingRestart: RestartRequest | null;
  readonly waitingScales: string[];
  /** Workers of slots that were scaled away and have not ended yet. */
  readonly surplus: Set<WorkerId>;
  /** Slots to fill, in order. */
  readonly vacant: SlotQueue;
  /** Slots whose worker has done enough, in order. */
  readonly recycling: SlotQueue;
  /** Slots that wait for a replacement of a worker killed for its silence: the kill budget. */
  readonly executed: Set<SlotIndex>;
  /** The last times that the supervisor itself stood still, each with its end: no silence then is held against anyone. */
  readonly stalls: { readonly atMs: Milliseconds; readonly lateMs: Milliseconds }[];
  startFailures: number;
  startReason: FailureReason | null;
  nextWorker: number;
  nextTemplate: number;
}

/** A restart as it was asked for. */
export interface RestartRequest {
  readonly requestId: string;
  readonly entry: string | null;
  readonly to?: Generation;
}

/** One phased restart under way. */
export interface Roll {
  readonly id: string;
  readonly requestId: string;
  /** As it was asked for or, unless somebody named one, as the settings that are read anew name it. */
  entry: string;
  /** Goes back to the release of this one, with its settings: the files must still be those. */
  readonly past: PastGeneration | null;
  readonly from: Generation;
  /** What `from` runs, also when none of its workers lives any more. */
  readonly fromRelease: Release | null;
  readonly to: Generation;
  readonly startedAtMs: Milliseconds;
  step: RollStep;
  /** Options that have another value than before, by name. */
  changed: readonly string[];
  /** May its settings change the number of workers? Not when somebody asks for another one meanwhile. */
  resizes: boolean;
  canary: WorkerId | null;
  /** No canary is sent before then: the last one could not be started. */
  canaryAtMs: Milliseconds;
  /** Workers of `to` that boot while the canary is watched, and are not admitted before it has proven itself;
   *  from then on those that still wait for their turn to open. */
  readonly followers: Set<WorkerId>;
  /** No follower is sent before then. */
  followersAtMs: Milliseconds;
  analysis: Analysis | null;
  /** When the analysis looks next. */
  lookAtMs: Milliseconds;
  /** Slots still to be looked at: to be moved to the target or, while the canary is watched, to get a follower. */
  readonly pending: SlotQueue;
  failures: number;
  killed: number;
  moved: number;
  reason: FailureReason | null;
}

/** One event being handled. */
export interface Turn {
  readonly world: World;
  readonly atMs: Milliseconds;
  readonly commands: Command[];
  entropy: number;
}

export function createWorld(config: MachineConfig): World {
  return {
    config,
    registry: new Registry(),
    templates: new TemplateRegistry(),
    deadlines: new Deadlines(),
    counters: {
      spawned: 0,
      exited: 0,
      crashed: 0,
      killed: 0,
      mismatched: 0,
      staleEvents: 0,
      fallbacks: 0,
      moved: 0,
    },
    phase: "idle",
    isStopAnnounced: false,
    desired: config.desired,
    desiredBefore: null,
    entry: "",
    newestGeneration: 0,
    lastGood: 0,
    pinned: new Map(),
    history: [],
    roll: null,
    lastRoll: null,
    waitingRestart: null,
    waitingScales: [],
    surplus: new Set(),
    vacant: new SlotQueue(),
    recycling: new SlotQueue(),
    executed: new Set(),
    stalls: [],
    startFailures: 0,
    startReason: null,
    nextWorker: 1,
    nextTemplate: 1,
  };
}

export function beginTurn(world: World, moment: Moment): Turn {
  return { world, atMs: moment.atMs, commands: [], entropy: moment.entropy };
}

/** A number in [0, 1). The first is the event's own; further ones in the same turn follow from it. */
export function draw(turn: Turn): number {
  const drawn = turn.entropy;
  turn.entropy = (drawn * 16_807 + 0.618_033_988_749) % 1;
  return drawn;
}

/** Which generation a slot gets that has to be filled now. An unproven one never: the canary and its
 *  followers are spawned by the roll. */
export function respawnGeneration(world: World): Generation {
  if (world.roll?.step === "rolling") return world.roll.to;
  return Math.max(1, world.lastGood);
}
