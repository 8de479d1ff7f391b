// `simulate`: one run in virtual time, drawn from a seed. A violation is shrunk and says how to replay it.

import type { Machine, MachineConfig } from "@brood/core/engine";
import { formatAction, type ScheduledAction } from "./actions.ts";
import { drawConfig } from "./draw-config.ts";
import { drawFaults, type Faults, faults as faultChoice } from "./faults.ts";
import { type Played, play } from "./play.ts";
import { createRandom } from "./random.ts";
import { drawPlan } from "./schedule.ts";
import { shrink } from "./shrink.ts";
import { formatTrace, tellingLines } from "./trace.ts";

export interface SimulateOptions {
  /** Any whole number; the same seed gives the same run. */
  readonly seed: number;
  /** Workers wanted, 1 or more; default drawn, 1...24. */
  readonly slots?: number;
  /** Events of the machine until calm sets in, default 500. */
  readonly steps?: number;
  /** What may go wrong, default `faults.all()`; each run leaves some of it out. */
  readonly faults?: Faults;
  /** Options that are not to be drawn. */
  readonly config?: Partial<MachineConfig>;
  /** The machine under test; the real one unless given. */
  readonly createMachine?: (config: MachineConfig) => Machine;
  /** Make the schedule of a violation minimal, which takes up to 200 further runs; default true. */
  readonly shrink?: boolean;
}

export interface Violation {
  /** Which invariant, by its name. */
  readonly invariant: string;
  readonly message: string;
  readonly seed: number;
  /** The entries of the schedule that are enough to break it. */
  readonly schedule: readonly string[];
  /** The run with just those, up to the violation; heartbeats and the like that led to nothing are left out. */
  readonly trace: readonly string[];
  /** The one command that shows it again. */
  readonly replay: string;
}

export interface SimulationRun {
  readonly seed: number;
  readonly slots: number;
  /** Events that the machine has handled. */
  readonly steps: number;
  readonly virtualMs: number;
  /** Empty, or the first thing that was broken. */
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
  readonly replay: string;
}

const SLOTS: readonly number[] = [1, 1, 2, 2, 3, 4, 4, 5, 8, 24];
export const STEPS_DEFAULT = 500;
/** Heartbeats, boots and exits between two entries of the schedule take about so many steps. */
const STEPS_PER_ENTRY = 10;

/** Runs the real machine and supervisor over simulated ports. Never rejects for a violation: see `violations`. */
export async function simulate(options: SimulateOptions): Promise<SimulationRun> {
  const { seed, steps = STEPS_DEFAULT } = options;
  const random = createRandom(seed);
  const drawnSlots = random.pick(SLOTS);
  const slots = options.slots ?? drawnSlots;
  const config = { ...drawConfig(random.fork(), slots), ...options.config };
  const faults = drawFaults(random.fork(), options.faults ?? faultChoice.all());
  const plan = drawPlan(random.fork(), config, faults, Math.ceil(steps / STEPS_PER_ENTRY));
  const played = await play({ ...options, plan, seed, steps });
  const replay = `pnpm simulate --seed ${seed} --slots ${slots} --steps ${steps}`;
  const again = (schedule: readonly ScheduledAction[]): Promise<Played> =>
    play({ ...options, plan: { ...plan, schedule }, seed, steps, calmAtMs: played.calmAtMs });
  const smallest = options.shrink === false ? played : await minimal(played, again);
  const first = `t=0 first release: ${formatAction({ type: "edit", behaviour: plan.firstRelease })}`;
  return {
    seed,
    slots,
    steps: played.simulation.steps,
    virtualMs: played.simulation.time.now(),
    violations: violationsOf(smallest, { seed, replay, first }),
    get trace() {
      return formatTrace(played.simulation.records);
    },
    replay,
  };
}

/** The smallest run that breaks the same invariant. */
async function minimal(
  played: Played,
  again: (schedule: readonly ScheduledAction[]) => Promise<Played>,
): Promise<Played> {
  const [found] = played.simulation.findings;
  if (found === undefined) return played;
  let smallest = played;
  await shrink(played.performed, async (schedule) => {
    const candidate = await again(schedule);
    const isSame = candidate.simulation.findings[0]?.invariant === found.invariant;
    if (isSame) smallest = candidate;
    return isSame;
  });
  return smallest;
}

function violationsOf(
  { simulation, performed }: Played,
  { seed, replay, first }: { readonly seed: number; readonly replay: string; readonly first: string },
): readonly Violation[] {
  return simulation.findings.slice(0, 1).map(({ invariant, message }) => ({
    invariant,
    message,
    seed,
    replay,
    schedule: [first, ...performed.map(({ atMs, action }) => `t=${atMs} ${formatAction(action)}`)],
    trace: tellingLines(formatTrace(simulation.records)),
  }));
}
