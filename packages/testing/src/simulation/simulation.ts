// One simulated service: the real machine and the real supervisor over simulated ports, in virtual time. Whoever drives
// it (a schedule drawn from a seed, or a script) performs actions and lets time pass; after every step of the machine
// the invariants are checked. Promises are the one thing outside of virtual time: whenever one was settled, the
// microtasks are run to their end before time goes on, so that a run depends on nothing but its seed.

import { setImmediate as drainMicrotasks } from "node:timers/promises";
import {
  type Announcement,
  createMachine as createRealMachine,
  type Machine,
  type MachineConfig,
  type MachineEvent,
  type ReleaseRequest,
  type SlotIndex,
  Supervisor,
  Waiters,
  type WorkerId,
  type WorkerSeat,
} from "@brood/core/engine";
import { type Action, formatAction } from "./actions.ts";
import { Client } from "./client.ts";
import { Files } from "./files.ts";
import { Fleet } from "./fleet.ts";
import { checkInvariants, createInvariants, type Finding, type Invariant } from "./invariants/index.ts";
import { perform } from "./perform.ts";
import type { Random } from "./random.ts";
import { SimulatedResolver } from "./resolver.ts";
import { SlotSocketTwin } from "./slot-sockets.ts";
import { TemplateFleet } from "./template-fleet.ts";
import type { TraceRecord } from "./trace.ts";
import { type Gate, VirtualTime } from "./virtual-time.ts";

export interface SimulationOptions {
  readonly config: MachineConfig;
  readonly random: Random;
  /** The machine under test; the real one unless given. */
  readonly createMachine?: (config: MachineConfig) => Machine;
}

/** So many entries at one instant are a loop. */
const ENTRIES_AT_ONE_INSTANT_MAX = 20_000;

export class Simulation {
  readonly time: VirtualTime = new VirtualTime();
  readonly files: Files = new Files();
  readonly fleet: Fleet;
  readonly templates: TemplateFleet;
  readonly resolver: SimulatedResolver;
  readonly client: Client;
  readonly sockets: SlotSocketTwin;
  readonly machine: Machine;
  readonly records: TraceRecord[] = [];
  readonly findings: Finding[] = [];
  /** What a restart reads; null: as at the start. */
  settings: MachineConfig | null = null;
  steps = 0;
  readonly #invariants: readonly Invariant[] = createInvariants();
  #hasSettled = false;

  constructor({ config, random, createMachine = createRealMachine }: SimulationOptions) {
    const { time } = this;
    this.fleet = new Fleet(time, this.files, random.fork());
    this.templates = new TemplateFleet(time, this.files, random.fork(), this.fleet);
    this.resolver = new SimulatedResolver(time, this.files, () => {
      this.#hasSettled = true;
    });
    const gateOf = (worker: WorkerId): Gate | null => this.fleet.alive.get(worker)?.gate ?? null;
    this.sockets = new SlotSocketTwin(time, gateOf, (name, message) => this.find(name, message));
    this.machine = createMachine(config);
    const entropy = random.fork();
    const waiters = new Waiters();
    const ports = {
      clock: time,
      entropy,
      strategiesOf: (settings: MachineConfig) => ({
        strategy: this.fleet.strategy(heartbeatIntervalMs(settings)),
        templates: config.template === null ? null : this.templates.strategy(heartbeatIntervalMs(settings)),
      }),
      resolveRelease: async (request: ReleaseRequest) => {
        const release = await this.resolver.resolve(request);
        return this.settings === null ? { release } : { release, config: this.settings };
      },
      socketsOf: (seat: WorkerSeat) => {
        this.sockets.ordered(seat);
        return [];
      },
      slotClosed: (slot: SlotIndex) => this.sockets.slotClosed(slot),
      publish: (announcement: Announcement) => this.sockets.published(announcement),
      note: () => {},
      fail: (error: Error) => this.find("no-defect", error.message),
    };
    const supervisor = new Supervisor(this.#watched(), ports, waiters);
    this.client = new Client(supervisor, waiters, () => time.now());
  }

  /** True when an invariant was broken: what follows means nothing any more. */
  get isBroken(): boolean {
    return this.findings.length > 0;
  }

  perform(action: Action): void {
    this.note(formatAction(action));
    perform(this, action);
  }

  /** A line of the trace between the steps. */
  note(action: string): void {
    if (!this.isBroken) this.records.push({ atMs: this.time.now(), action });
  }

  find(invariant: string, message: string): void {
    this.findings.push({ invariant, message });
  }

  /** Lets time pass, until then or until `isEnough`. */
  async runUntil(untilMs: number, isEnough: () => boolean = () => false): Promise<void> {
    let entries = 0;
    if (this.#hasSettled) await this.#settle();
    while (!this.isBroken && this.time.nextAtMs <= untilMs && !isEnough()) {
      const before = this.time.now();
      this.time.runNext();
      if (this.#hasSettled) await this.#settle();
      entries = this.time.now() === before ? entries + 1 : 0;
      if (entries > ENTRIES_AT_ONE_INSTANT_MAX) this.find("time-goes-on", `it stands still at t=${before}`);
    }
    if (!isEnough() && Number.isFinite(untilMs)) this.time.skipTo(untilMs);
  }

  async #settle(): Promise<void> {
    this.#hasSettled = false;
    await drainMicrotasks();
  }

  /** The machine, with each step recorded and checked. */
  #watched(): Machine {
    const { machine } = this;
    return {
      world: machine.world,
      nextDeadlineAtMs: () => machine.nextDeadlineAtMs(),
      snapshot: (atMs) => machine.snapshot(atMs),
      step: (event, moment) => {
        // What is broken may be a loop without end: nothing more is done.
        if (this.isBroken) return [];
        const commands = machine.step(event, moment);
        this.#observe(event, moment.atMs, commands);
        return commands;
      },
    };
  }

  #observe(event: MachineEvent, atMs: number, commands: ReturnType<Machine["step"]>): void {
    this.steps += 1;
    this.records.push({ atMs, event, commands });
    if (commands.some(({ type }) => type.startsWith("Settle"))) this.#hasSettled = true;
    const observation = {
      atMs,
      event,
      commands,
      world: this.machine.world,
      nextDeadlineAtMs: this.machine.nextDeadlineAtMs(),
      workers: this.fleet.alive,
      templates: this.templates.alive,
      stoodStillUntilMs: Math.min(atMs, this.time.supervisor.blockedUntilMs),
    };
    this.findings.push(...checkInvariants(observation, this.#invariants));
  }
}

/** As the service has it: three beats fit into the timeout. */
function heartbeatIntervalMs({ heartbeatTimeoutMs }: MachineConfig): number {
  return Math.min(2_000, Math.floor(heartbeatTimeoutMs / 3));
}
