// Ends the template of a server from outside: the process that has loaded the release and is forked for each worker.

import type { ServiceEvents } from "@brood/core";
import { badOption } from "@brood/core";
import { choiceOption } from "@brood/core/options";
import { type FaultTarget, signal } from "./target.ts";

/** A template with a process that a signal can reach. */
export interface TemplateVictim {
  /** As in the events `template:spawned`, `template:ready` and `template:exited`. */
  readonly template: string;
  readonly generation: number;
  readonly pid: number;
}

/** Each ends it at once. A template ignores SIGTERM: only its supervisor decides when it is not needed any more. */
export type TemplateSignal = "SIGKILL" | "SIGABRT" | "SIGSEGV";

const SIGNALS: readonly TemplateSignal[] = ["SIGKILL", "SIGABRT", "SIGSEGV"];

/** A process that dumps its memory (SIGABRT, SIGSEGV) takes a moment to end. */
const DEADLINE_MS = 10_000;

/** Strikes the newest one. Resolves when the supervisor knows that it has ended. */
export async function killTemplate(target: FaultTarget, name?: TemplateSignal): Promise<TemplateVictim> {
  const chosen = choiceOption("signal", name, SIGNALS, "SIGKILL");
  const { spawn, template } = target.stats();
  if (spawn !== "template")
    throw badOption("spawn", spawn, 'a server with spawn "template": this one has no template to kill');
  const pid = template?.pid ?? null;
  if (pid === null)
    throw badOption("template", template, "a template whose process runs: this one is being started");
  const waiting = watchEnd(target, pid);
  try {
    // False when it has gone already: then its exit is what we wait for.
    signal(pid, chosen);
  } catch (error) {
    waiting.cancel();
    throw error;
  }
  return waiting.ended;
}

interface EndWatch {
  /** Rejects at the deadline. */
  readonly ended: Promise<TemplateVictim>;
  cancel(): void;
}

function watchEnd(target: FaultTarget, pid: number): EndWatch {
  let cancel = (): void => {};
  const ended = new Promise<TemplateVictim>((resolve, reject) => {
    const listener: ServiceEvents["template:exited"] = ({ template, generation, pid: endedPid }) => {
      if (endedPid !== pid) return;
      cancel();
      resolve({ template, generation, pid });
    };
    const timer = setTimeout(() => {
      cancel();
      reject(
        new Error(`template pid=${pid}: no template:exited within ${DEADLINE_MS} ms after it was struck`),
      );
    }, DEADLINE_MS);
    cancel = () => {
      clearTimeout(timer);
      target.off("template:exited", listener);
    };
    target.on("template:exited", listener);
  });
  return { ended, cancel };
}
