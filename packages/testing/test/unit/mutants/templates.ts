// Defects that servers with templates had, or that this engine had before the simulation found them: who is forked from,
// who may say that it lives, when it is thrown away, built again and ended.

import type { Command, Generation, Machine, Template, World } from "@brood/core/engine";
import type { PatchedMutant } from "./patched.ts";
import type { WrappedMutant } from "./wrapped.ts";

const readyOnes = ({ templates }: World): readonly Template[] =>
  [...templates.alive.values()].filter(({ state }) => state === "ready");

/** Marks it as the machine does, without a reason. */
function end(machine: Machine, template: Template, atMs: number): Command {
  template.state = "killing";
  template.stateDeadlineAtMs = atMs + 5_000;
  machine.world.deadlines.push({
    kind: "template-state",
    subject: Number(template.id.slice(1)),
    atMs: atMs + 5_000,
  });
  return { type: "KillTemplate", template: template.id };
}

export const TEMPLATE_WRAPPED: readonly WrappedMutant[] = [
  {
    name: "a spawn for G goes to the template of the generation before, which still lives",
    wrap: (machine) => (event, moment) =>
      machine.step(event, moment).map((command) => {
        if (command.type !== "SpawnWorker" || command.template === null) return command;
        const older = readyOnes(machine.world).find(({ generation }) => generation < command.generation);
        return older === undefined ? command : { ...command, template: older.id };
      }),
  },
  {
    name: "label stamped by the parent: a template is whatever was asked for",
    wrap: (machine) => (event, moment) => {
      if (event.type !== "TemplateReported") return machine.step(event, moment);
      const ordered = machine.world.templates.alive.get(event.template);
      if (ordered === undefined) return machine.step(event, moment);
      const { id: template, generation, release } = ordered;
      const reported = { ...event.reported, template, generation, release };
      return machine.step({ ...event, reported }, moment);
    },
  },
  {
    name: "faked heartbeat: the supervisor beats for its templates",
    wrap: (machine) => (event, moment) => {
      for (const template of readyOnes(machine.world)) template.lastHeartbeatAtMs = moment.atMs;
      return machine.step(event, moment);
    },
  },
  {
    name: "unbounded rebuilds: a template that failed is built again at once",
    wrap: (machine) => (event, moment) => {
      for (const seat of machine.world.templates.seats.values()) seat.backingOffUntilAtMs = null;
      return machine.step(event, moment);
    },
  },
  {
    name: "the old template is ended when the new one is ready, before the roll is over",
    wrap: (machine) => (event, moment) => {
      const commands = machine.step(event, moment);
      const { roll, lastGood } = machine.world;
      const ready = readyOnes(machine.world);
      const old = ready.find(({ generation }) => generation === lastGood);
      if (old === undefined || !ready.some(({ generation }) => generation === roll?.to)) return commands;
      return [...commands, end(machine, old, moment.atMs)];
    },
  },
  {
    name: "a template that is not wanted any more is forgotten instead of ended",
    wrap: (machine) => (event, moment) =>
      machine.step(event, moment).filter((command) => {
        if (command.type !== "KillTemplate") return true;
        if (machine.world.templates.alive.get(command.template)?.fault !== null) return true;
        machine.world.templates.alive.delete(command.template);
        return false;
      }),
  },
  {
    name: "a worker that becomes ready clears its template, whatever it does a moment later",
    wrap: (machine) => (event, moment) => {
      const commands = machine.step(event, moment);
      if (event.type !== "WorkerReady") return commands;
      const { registry, templates } = machine.world;
      const template = templates.alive.get(registry.workers.get(event.worker)?.template ?? "t0");
      if (template !== undefined) template.forkFailures = 0;
      return commands;
    },
  },
];

export const TEMPLATE_PATCHED: readonly PatchedMutant[] = [
  {
    name: "template chosen by list order: the first one that can fork",
    module: "template-registry",
    change: async (exports) => {
      const { TemplateRegistry } =
        exports as typeof import("../../../../core/src/machine/template-registry.ts");
      class ByListOrder extends TemplateRegistry {
        override readyOf(_: Generation): Template | null {
          return [...this.alive.values()].find(({ state }) => state === "ready") ?? null;
        }
      }
      return { TemplateRegistry: ByListOrder };
    },
  },
  {
    name: "workers that fail early never discard their template",
    module: "templates",
    change: async () => ({ judgeFork: () => {} }),
  },
  {
    name: "fallback to a fresh process before the template was ever ready",
    module: "replacement",
    change: async () => {
      const maySpawn = ({ config, templates }: World, generation: Generation): boolean =>
        config.template?.fallback !== "wait" || templates.readyOf(generation) !== null;
      return {
        maySpawn,
        mayBoot: (world: World, generation: Generation) =>
          world.registry.booting < world.config.bootConcurrency && maySpawn(world, generation),
      };
    },
  },
  {
    name: "what a template tells late of a worker is a breach of that worker's protocol",
    module: "lifecycle",
    change: async (exports) => {
      const { NEXT } = exports as typeof import("../../../../core/src/machine/lifecycle.ts");
      return { NEXT: { ...NEXT, ready: { ...NEXT.ready, Spawned: null } } };
    },
  },
];
