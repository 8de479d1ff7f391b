// A scripted run over the same simulation that random runs use, with nothing left to chance: every message takes no time,
// every random number is one half. What a script did and what the machine made of it is one readable trace.

import type { MachineConfig, TemplateId, WorkerId } from "@brood/core/engine";
import type { Action } from "../../../src/simulation/actions.ts";
import { type Behaviour, type BehaviourKind, GOOD } from "../../../src/simulation/behaviour.ts";
import type { Random } from "../../../src/simulation/random.ts";
import { Simulation } from "../../../src/simulation/simulation.ts";
import type { SimulatedTemplate } from "../../../src/simulation/template.ts";
import { formatTrace, tellingLines } from "../../../src/simulation/trace.ts";
import type { SimulatedWorker } from "../../../src/simulation/worker.ts";

const CONFIG: MachineConfig = {
  desired: 2,
  bootTimeoutMs: 30_000,
  minHealthyMs: 1_000,
  drainTimeoutMs: 30_000,
  heartbeatTimeoutMs: 6_000,
  maxSurge: 1,
  maxUnavailable: 0,
  maxFailures: 3,
  bootConcurrency: 8,
  onReleaseChanged: "warn",
  template: null,
  recycle: { requests: null, jitter: 0, memoryBytes: null, ageMs: null, eventLoopDelayMs: null },
  canary: null,
};

const STEADY: Random = {
  next: () => 0.5,
  integer: (min) => min,
  durationMs: () => 0,
  chance: (probability) => probability >= 1,
  pick([first]) {
    if (first === undefined) throw new RangeError("nothing to pick from");
    return first;
  },
  fork: () => STEADY,
};

/** A worker boots in 100 ms and drains in 10 ms. */
export function release(kind: BehaviourKind, change: Partial<Behaviour> = {}): Behaviour {
  return { ...GOOD, kind, ...change };
}

export class Script {
  readonly simulation: Simulation;
  #seen = 0;

  constructor(config: Partial<MachineConfig>) {
    this.simulation = new Simulation({ config: { ...CONFIG, ...config }, random: STEADY });
  }

  get now(): number {
    return this.simulation.time.now();
  }

  act(action: Action): this {
    this.simulation.perform(action);
    return this;
  }

  deploy(kind: BehaviourKind, change: Partial<Behaviour> = {}): this {
    return this.act({ type: "deploy", behaviour: release(kind, change), byPath: false });
  }

  /** Lets so much time pass. */
  async run(forMs: number): Promise<this> {
    await this.simulation.runUntil(this.now + forMs);
    const [finding] = this.simulation.findings;
    if (finding !== undefined) throw new Error(`${finding.invariant}: ${finding.message}\n${this.trace()}`);
    return this;
  }

  worker(id: WorkerId): SimulatedWorker {
    const worker = this.simulation.fleet.alive.get(id);
    if (worker === undefined) throw new Error(`worker=${id} does not live`);
    return worker;
  }

  template(id: TemplateId): SimulatedTemplate {
    const template = this.simulation.templates.alive.get(id);
    if (template === undefined) throw new Error(`template=${id} does not live`);
    return template;
  }

  /** `t1/g1 ready` for each template that lives. */
  templates(): string {
    const { alive } = this.simulation.machine.world.templates;
    return [...alive.values()].map(({ id, generation, state }) => `${id}/g${generation} ${state}`).join(", ");
  }

  /** `0:w1/g1 ready` for each worker that lives. */
  seats(): string {
    const { workers } = this.simulation.machine.snapshot(this.now);
    return workers.map((each) => `${each.slot}:${each.worker}/g${each.generation} ${each.state}`).join(", ");
  }

  /** What became of the last request of that kind. */
  outcome(kind: "start" | "restart" | "scale" | "stop"): unknown {
    const request = this.simulation.client.requests.filter((each) => each.kind === kind).at(-1);
    if (request?.settledAtMs === null) return "pending";
    const { code, message } = Object(request?.error ?? request?.result?.reason ?? {});
    return { result: request?.result?.result, code, message };
  }

  /** Forgets the trace so far. */
  fresh(): this {
    this.#seen = formatTrace(this.simulation.records).length;
    return this;
  }

  /** Every line since `fresh()`, but for those that only say that all goes on. */
  trace(): string {
    return tellingLines(formatTrace(this.simulation.records).slice(this.#seen)).join("\n");
  }
}

/** Forks, and loads the release itself while the template is built again; or waits for the template. */
export const FALLING_BACK: MachineConfig["template"] = { fallback: "fresh", failuresMax: 3 };
export const WAITING: MachineConfig["template"] = { fallback: "wait", failuresMax: 3 };

/** A service that has started with a good release, its trace forgotten. */
export async function started(
  config: Partial<MachineConfig> = {},
  change: Partial<Behaviour> = {},
): Promise<Script> {
  const script = new Script(config);
  script.simulation.files.deploy(release("good", change));
  script.simulation.client.start();
  await script.run(1_000);
  return script.fresh();
}
