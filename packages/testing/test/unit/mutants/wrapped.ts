// Defects in front of and behind the machine: what a supervisor could do to events and commands. Each takes the real
// machine and returns one that has the defect.

import type { Command, Machine, MachineConfig, MachineEvent, Moment, WorkerId } from "@brood/core/engine";

export type CreateMachine = (config: MachineConfig) => Machine;
type Step = (event: MachineEvent, moment: Moment) => readonly Command[];

export interface WrappedMutant {
  readonly name: string;
  wrap(machine: Machine): Step;
}

/** The machine with another `step`. */
export function wrapped(create: CreateMachine, { wrap }: WrappedMutant): CreateMachine {
  return (config) => {
    const machine = create(config);
    return {
      world: machine.world,
      nextDeadlineAtMs: () => machine.nextDeadlineAtMs(),
      snapshot: (atMs) => machine.snapshot(atMs),
      step: wrap(machine),
    };
  };
}

const isAbout = (event: MachineEvent): event is Extract<MachineEvent, { readonly worker: WorkerId }> =>
  "worker" in event;

export const WRAPPED: readonly WrappedMutant[] = [
  {
    name: "label stamped by the parent: a worker is whatever was asked for",
    wrap: (machine) => (event, moment) => {
      const worker = isAbout(event) ? machine.world.registry.workers.get(event.worker) : undefined;
      if (worker === undefined || !isAbout(event)) return machine.step(event, moment);
      const { id, generation, release } = worker;
      if (event.type !== "WorkerReported") return machine.step({ ...event, generation }, moment);
      const reported = { ...event.reported, worker: id, generation, release };
      return machine.step({ ...event, generation, reported }, moment);
    },
  },
  {
    name: "gate on registered: a worker counts as ready when it has reported",
    wrap: (machine) => (event, moment) => {
      if (event.type === "WorkerReady") return [];
      const commands = machine.step(event, moment);
      if (event.type !== "WorkerReported") return commands;
      if (machine.world.registry.workers.get(event.worker)?.state !== "booting") return commands;
      return [...commands, ...machine.step({ ...event, type: "WorkerReady" }, moment)];
    },
  },
  {
    name: "stale gate off: what a former worker of the slot said is taken for the present one's",
    wrap: (machine) => {
      const slots = new Map<WorkerId, number>();
      return (event, moment) => {
        const { registry } = machine.world;
        let addressed = event;
        if (isAbout(event) && !registry.workers.has(event.worker)) {
          const slot = registry.slots.get(slots.get(event.worker) ?? -1);
          const present = slot?.incoming ?? slot?.current;
          if (present) addressed = { ...event, worker: present.id, generation: present.generation };
        }
        const commands = machine.step(addressed, moment);
        for (const command of commands)
          if (command.type === "SpawnWorker") slots.set(command.worker, command.slot);
        return commands;
      };
    },
  },
  {
    name: "faked heartbeat: the supervisor beats for its workers",
    wrap: (machine) => (event, moment) => {
      for (const worker of machine.world.registry.workers.values()) worker.lastHeartbeatAtMs = moment.atMs;
      return machine.step(event, moment);
    },
  },
  {
    name: "kill budget off",
    wrap: (machine) => (event, moment) => {
      machine.world.executed.clear();
      return machine.step(event, moment);
    },
  },
  {
    name: "coalesced restarts: one that comes during a roll is dropped",
    wrap: (machine) => (event, moment) =>
      event.type === "RestartRequested" && machine.world.roll !== null ? [] : machine.step(event, moment),
  },
  {
    name: "merged restarts: one that comes during a roll gets that roll's result",
    wrap: (machine) => {
      const joined: string[] = [];
      return (event, moment) => {
        if (event.type === "RestartRequested" && machine.world.roll !== null) {
          joined.push(event.requestId);
          return [];
        }
        return machine.step(event, moment).flatMap((command): readonly Command[] => {
          if (command.type !== "SettleRoll") return [command];
          return [command, ...joined.splice(0).map((requestId) => ({ ...command, requestId }))];
        });
      };
    },
  },
  {
    name: "dropped scale: one in the same tick as another request is lost",
    wrap: (machine) => {
      let lastAtMs = -1;
      return (event, moment) => {
        const isSameTick = moment.atMs === lastAtMs;
        if (event.type.endsWith("Requested")) lastAtMs = moment.atMs;
        return event.type === "ScaleRequested" && isSameTick ? [] : machine.step(event, moment);
      };
    },
  },
  {
    name: "drain without a deadline: a worker that never drains is never killed",
    wrap: (machine) => (event, moment) =>
      machine.step(event, moment).filter((command) => {
        if (command.type !== "KillWorker") return true;
        return machine.world.registry.workers.get(command.worker)?.fault?.code !== "BROOD_DRAIN_TIMEOUT";
      }),
  },
];
