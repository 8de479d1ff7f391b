// `simulate`: one run in virtual time, drawn from a seed. A violation is shrunk and says how to replay it.

import type { Machine, MachineConfig } from "@brood/core/engine";
import { formatAction, type ScheduledAction } from "./actions.ts";
import { drawFaults, type Faults, faults as faultChoice } from "./faults.ts";
import type { Finding } from "./invariants/index.ts";
import { play } from "./play.ts";
import { createRandom } from "./random.ts";
import { drawConfig, drawPlan, type Plan } from "./schedule.ts";
import { shrink } from "./shrink.ts";
import { formatTrace } from "./trace.ts";

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
}

export interface Violation {
  /** Which invariant, by its name. */
  readonly invariant: string;
  readonly message: string;
  readonly seed: number;
  /** The entries of the schedule that are enough to break it. */
  readonly schedule: readonly string[];
  /** The run with just those, up to the violation. */
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
const STEPS = 500;
/** Heartbeats, boots and exits between two entries of the schedule take about so many steps. */
const STEPS_PER_ENTRY = 10;

/** Runs the real machine and supervisor over simulated ports. Never rejects for a violation: see `violations`. */
export async function simulate(options: SimulateOptions): Promise<SimulationRun> {
  const { seed, steps = STEPS } = options;
  const random = createRandom(seed);
  const drawnSlots = random.pick(SLOTS);
  const slots = options.slots ?? drawnSlots;
  const config = { ...drawConfig(random.fork(), slots), ...options.config };
  const faults = drawFaults(random.fork(), options.faults ?? faultChoice.all());
  const plan = drawPlan(random.fork(), config, faults, Math.ceil(steps / STEPS_PER_ENTRY));
  const { simulation, performed, calmAtMs } = await play({ ...options, plan, seed, steps });
  const again = (schedule: readonly ScheduledAction[]): ReturnType<typeof play> =>
    play({ ...options, plan: { ...plan, schedule }, seed, steps, calmAtMs });
  const replay = `pnpm simulate --seed ${seed} --slots ${slots} --steps ${steps}`;
  const [found] = simulation.findings;
  const violations =
    found === undefined ? [] : [{ ...found, seed, replay, ...(await minimal(plan, performed, found, again)) }];
  return {
    seed,
    slots,
    steps: simulation.steps,
    virtualMs: simulation.time.now(),
    violations,
    get trace() {
      return formatTrace(simulation.records);
    },
    replay,
  };
}

async function minimal(
  plan: Plan,
  performed: readonly ScheduledAction[],
  { invariant, message }: Finding,
  again: (schedule: readonly ScheduledAction[]) => ReturnType<typeof play>,
): Promise<Pick<Violation, "message" | "schedule" | "trace">> {
  const smallest = await shrink(performed, async (schedule) => {
    const { simulation } = await again(schedule);
    return simulation.findings[0]?.invariant === invariant;
  });
  const { simulation } = await again(smallest);
  const first = `t=0 first release: ${formatAction({ type: "edit", behaviour: plan.firstRelease })}`;
  return {
    message: simulation.findings[0]?.message ?? message,
    schedule: [first, ...smallest.map(({ atMs, action }) => `t=${atMs} ${formatAction(action)}`)],
    trace: formatTrace(simulation.records),
  };
}
