// Plays one plan: start, the schedule until the budget of steps is used, then calm. In the calm everything that was asked
// for must be answered, a good release must heal the service whatever happened before, and a stop must end it.

import type { Machine, MachineConfig } from "@brood/core/engine";
import type { Action, ScheduledAction } from "./actions.ts";
import { GOOD } from "./behaviour.ts";
import type { ClientRequest } from "./client.ts";
import { CURRENT } from "./files.ts";
import { createRandom } from "./random.ts";
import type { Plan } from "./schedule.ts";
import { Simulation } from "./simulation.ts";

export interface PlayOptions {
  readonly plan: Plan;
  readonly seed: number;
  /** Calm sets in after so many steps, or then. */
  readonly steps: number;
  readonly calmAtMs?: number;
  readonly createMachine?: (config: MachineConfig) => Machine;
}

export interface Played {
  readonly simulation: Simulation;
  /** Entries of the schedule that took place. */
  readonly performed: readonly ScheduledAction[];
  readonly calmAtMs: number;
}

/** What its owner does happens in the supervisor's process, and waits while that stands still. */
const BY_OWNER: readonly Action["type"][] = [
  "deploy",
  "restart",
  "reconfigure",
  "rollback",
  "goBack",
  "scale",
  "stop",
];

export async function play(options: PlayOptions): Promise<Played> {
  const { plan, seed, steps, createMachine } = options;
  const { config, firstRelease, schedule } = plan;
  const simulation = new Simulation({
    config,
    random: createRandom(seed),
    ...(createMachine === undefined ? {} : { createMachine }),
  });
  const performed: ScheduledAction[] = [];
  let isCalm = false;
  simulation.files.deploy(firstRelease);
  const start = simulation.client.start();
  for (const entry of schedule) {
    const run = (): void => {
      if (isCalm) return;
      performed.push(entry);
      simulation.perform(entry.action);
    };
    if (BY_OWNER.includes(entry.action.type)) simulation.time.reach(entry.atMs, run);
    else simulation.time.happen(entry.atMs, null, run);
  }
  const untilMs = options.calmAtMs ?? (schedule.at(-1)?.atMs ?? 0) + 5_000;
  const isOver = (): boolean =>
    simulation.machine.world.phase === "stopped" ||
    (options.calmAtMs === undefined && simulation.steps >= steps);
  await simulation.runUntil(untilMs, isOver);
  const calmAtMs = simulation.time.now();
  isCalm = true;
  if (!simulation.isBroken) await calmDown(simulation, start);
  return { simulation, performed, calmAtMs };
}

async function calmDown(simulation: Simulation, start: ClientRequest): Promise<void> {
  const { client, fleet, files, machine, resolver, templates } = simulation;
  fleet.forgetMistakes();
  fleet.refuse("throws", 0);
  templates.forgetMistakes();
  templates.refuse("throws", 0);
  templates.refuseForks(0);
  resolver.fail(0);
  resolver.slowDown(0, 0);
  simulation.note("calm");
  await settled(simulation, "promises-settle");
  if (simulation.isBroken) return;
  if (start.error === null && machine.world.phase === "running" && !machine.world.isStopAnnounced) {
    files.deploy(GOOD);
    simulation.note("a good release");
    const healing = client.restart(CURRENT);
    await settled(simulation, "promises-settle");
    const { result } = healing;
    if (!simulation.isBroken && result?.result !== "completed") {
      simulation.find("heals", `a good release ends as ${result?.result}: ${result?.reason?.message}`);
    }
  }
  if (simulation.isBroken) return;
  simulation.note("the end");
  client.stop(false);
  await settled(simulation, "promises-settle");
}

/** Everything asked for is answered within a bound. */
async function settled(simulation: Simulation, invariant: string): Promise<void> {
  const { client, machine, time } = simulation;
  const { config, registry, desired } = machine.world;
  const settings = [
    config,
    simulation.settings ?? config,
    ...[...registry.workers.values()].map((each) => each.config),
  ];
  const slots = Math.max(desired, ...settings.map((each) => each.desired));
  const untilMs = time.now() + Math.max(...settings.map((each) => patienceMs(each, slots)));
  await simulation.runUntil(untilMs, () => client.pending.length === 0);
  if (simulation.isBroken || client.pending.length === 0) return;
  const names = client.pending.map(({ id, askedAtMs }) => `${id} (asked at ${askedAtMs})`);
  simulation.find(invariant, `not answered by ${untilMs}: ${names.join(", ")}`);
}

/** Every slot in turn takes as long as each state may, twice over, and two back-offs at their cap; templates that are built
 *  again count as two more slots. */
function patienceMs(config: MachineConfig, desired: number): number {
  const { bootTimeoutMs, minHealthyMs, drainTimeoutMs, heartbeatTimeoutMs, template } = config;
  const slotMs = bootTimeoutMs + minHealthyMs + drainTimeoutMs + heartbeatTimeoutMs + 10_000;
  const seats = desired + (template === null ? 2 : 4);
  return 2 * seats * slotMs + 60_000;
}
