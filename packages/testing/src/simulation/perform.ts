// Does to the simulated world what an action says.

import type { Action } from "./actions.ts";
import { CURRENT } from "./files.ts";
import type { Simulation } from "./simulation.ts";
import { performOnTemplates, type TemplateAction } from "./template-actions.ts";
import { block } from "./virtual-time.ts";
import type { SimulatedWorker } from "./worker.ts";

export function perform(simulation: Simulation, action: Action): void {
  const { client, files, fleet, resolver, templates, time } = simulation;
  switch (action.type) {
    case "deploy": {
      const entry = files.deploy(action.behaviour);
      client.restart(action.byPath ? entry : CURRENT);
      return;
    }
    case "restart":
      client.restart(null);
      return;
    case "reconfigure":
      simulation.settings = action.settings;
      client.restart(null);
      return;
    case "rollback":
      client.restart(files.entries.at(-1 - (action.back % files.entries.length)) ?? null);
      return;
    case "goBack": {
      const { history } = simulation.machine.world;
      client.restart(null, history.at(-1 - (action.back % Math.max(1, history.length)))?.generation ?? 99);
      return;
    }
    case "edit":
      return files.edit(action.behaviour);
    case "scale":
      client.scale(action.desired);
      return;
    case "announceStop":
      return client.announceStop();
    case "stop":
      client.stop(action.now);
      return;
    case "mismatch":
      return fleet.mistake(action.kind);
    case "spawnErrors":
      return fleet.refuse(action.kind, action.forMs);
    case "resolveErrors":
      return resolver.fail(action.forMs);
    case "slowResolve":
      return resolver.slowDown(action.delayMs, action.forMs);
    case "stall":
      return block(time.supervisor, time.now() + action.forMs);
    case "hostPause":
      for (const { gate } of [...fleet.alive.values(), ...templates.alive.values()])
        block(gate, time.now() + action.forMs);
      return block(time.supervisor, time.now() + action.forMs);
    case "kill":
    case "crash":
    case "terminate":
    case "slowKill":
    case "freeze":
    case "wire":
    case "delay":
    case "overtakingExit":
    case "lostTail": {
      const alive = [...fleet.alive.values()].filter(({ isAlive }) => isAlive);
      const worker = alive[action.victim % Math.max(1, alive.length)];
      if (worker !== undefined) strike(simulation, worker, action);
      return;
    }
    default:
      return performOnTemplates(simulation, action);
  }
}

type Blow = Exclude<Extract<Action, { readonly victim: number }>, TemplateAction>;

function strike({ time }: Simulation, worker: SimulatedWorker, blow: Blow): void {
  const now = time.now();
  if (blow.type === "wire" || blow.type === "delay" || blow.type === "overtakingExit")
    worker.hasBadLink = true;
  switch (blow.type) {
    case "kill":
      return worker.end(null, "SIGKILL");
    case "crash":
      return worker.crash();
    case "terminate":
      return worker.terminate();
    case "slowKill":
      worker.diesSlowly = true;
      return;
    case "freeze":
      return block(worker.gate, now + blow.forMs);
    case "wire":
      return (blow.to === "worker" ? worker.toWorker : worker.toSupervisor).fault(blow.kind);
    case "delay":
      return worker.toSupervisor.slowDown(blow.delayMs, now + blow.forMs);
    case "overtakingExit":
      worker.exitOvertakes = true;
      worker.toSupervisor.slowDown(blow.delayMs, Number.POSITIVE_INFINITY);
      return time.happen(blow.delayMs / 2, null, () => worker.end(null, "SIGKILL"));
    case "lostTail":
      worker.toSupervisor.cut();
      return worker.end(null, "SIGKILL");
  }
}
