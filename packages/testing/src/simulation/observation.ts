// What an invariant sees after each step of the machine: what happened, what the machine decided, its whole world, and
// the truth about the workers, which the machine only hears of.

import type { Command, Generation, MachineEvent, TemplateId, WorkerId, World } from "@brood/core/engine";

/** A worker as it really is. */
export interface WorkerTruth {
  /** Which generation's code it really runs. */
  readonly generation: Generation;
  readonly isAlive: boolean;
  /** It takes new connections. */
  readonly isOpen: boolean;
  /** It has said that everything is answered. While it lives it answers what comes over the connections it has. */
  readonly isLingering: boolean;
  /** It could take connections at some time: it really was ready. */
  readonly hasOpened: boolean;
  /** It stands still: stopped, or its event loop is blocked. */
  readonly isFrozen: boolean;
  /** Its link loses, delays or mixes up messages, or it signs them as somebody else. */
  readonly hasBadLink: boolean;
  /** When the supervisor last got word of life from it. */
  readonly heardAtMs: number;
  /** Which one it was really forked from; null: none. */
  readonly template: TemplateId | null;
}

/** A template as it really is. */
export interface TemplateTruth {
  /** Which generation's code it has really loaded. */
  readonly generation: Generation;
  readonly isAlive: boolean;
  /** It has loaded the release, and forks. */
  readonly isReady: boolean;
  readonly isFrozen: boolean;
  readonly hasBadLink: boolean;
  readonly heardAtMs: number;
}

export interface Observation {
  readonly atMs: number;
  readonly event: MachineEvent;
  readonly commands: readonly Command[];
  /** After the event. */
  readonly world: World;
  readonly nextDeadlineAtMs: number | null;
  /** Before the commands of this step are performed. */
  readonly workers: ReadonlyMap<WorkerId, WorkerTruth>;
  readonly templates: ReadonlyMap<TemplateId, TemplateTruth>;
  /** The supervisor itself last stood still until then. */
  readonly stoodStillUntilMs: number;
}

/** The commands of one type. */
export function commandsOf<Type extends Command["type"]>(
  { commands }: Observation,
  type: Type,
): readonly Extract<Command, { readonly type: Type }>[] {
  if (commands.length === 0) return [];
  const isIt = (command: Command): command is Extract<Command, { readonly type: Type }> =>
    command.type === type;
  return commands.filter(isIt);
}
