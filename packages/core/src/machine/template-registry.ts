// Which template stands for which generation. A generation has a seat while its template is wanted; the seat outlives
// the templates in it, as a slot outlives its workers, and keeps their failures. `alive` also holds those that were
// killed and have not ended yet: a stop waits for them.

import type { MachineConfig } from "./config.ts";
import type { TemplateReport } from "./events.ts";
import type { HeldCounts } from "./held.ts";
import type { FailureReason, Generation, Milliseconds, Release, TemplateId, TemplateState } from "./names.ts";

export interface Template {
  readonly id: TemplateId;
  /** Requested. The reported one is in `reported`. */
  readonly generation: Generation;
  readonly release: Release;
  /** The settings of its generation. */
  readonly config: MachineConfig;
  readonly spawnedAtMs: Milliseconds;
  state: TemplateState;
  reported: TemplateReport | null;
  pid: number | null;
  readyAtMs: Milliseconds | null;
  /** What it keeps for its workers; null until it is ready. */
  held: HeldCounts | null;
  /** Infinity while no deadline ends the state. */
  stateDeadlineAtMs: Milliseconds;
  /** Both as of a worker. */
  deadlineSetAtMs: Milliseconds;
  isSpared: boolean;
  lastHeartbeatAtMs: Milliseconds;
  /** When its silence was last found too long. */
  suspectedAtMs: Milliseconds;
  /** Workers forked from it that failed early, in a row. */
  forkFailures: number;
  lastForkFailureAtMs: Milliseconds;
  fault: FailureReason | null;
}

export interface TemplateSeat {
  readonly generation: Generation;
  /** `spawning`, `booting` or `ready`. */
  template: Template | null;
  /** Templates that failed, in a row. */
  failures: number;
  /** Not filled before then. */
  backingOffUntilAtMs: Milliseconds | null;
  /** Its code has been seen to load: spawns may fall back to it. */
  hasBeenReady: boolean;
  /** The last one that took orders with it when it ended. */
  losing: TemplateId | null;
}

export class TemplateRegistry {
  readonly seats: Map<Generation, TemplateSeat> = new Map();
  readonly alive: Map<TemplateId, Template> = new Map();

  /** The seat's, made when there is none. */
  open(generation: Generation): TemplateSeat {
    const found = this.seats.get(generation);
    if (found !== undefined) return found;
    const seat = {
      generation,
      template: null,
      failures: 0,
      backingOffUntilAtMs: null,
      hasBeenReady: false,
      losing: null,
    };
    this.seats.set(generation, seat);
    return seat;
  }

  /** The one that can fork workers of this generation now. */
  readyOf(generation: Generation): Template | null {
    const template = this.seats.get(generation)?.template ?? null;
    return template?.state === "ready" ? template : null;
  }

  /** Takes it off its seat; it is alive but forks nothing more. */
  unseat(template: Template): void {
    const seat = this.seats.get(template.generation);
    if (seat?.template === template) seat.template = null;
  }
}
