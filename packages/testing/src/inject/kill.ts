// Ends a worker from outside, as an out-of-memory killer or an operator would.

import { choiceOption } from "@brood/core/options";
import { type FaultTarget, signal, type Victim, victimIn, watch } from "./target.ts";

/** SIGTERM makes it drain, the others end it at once. A worker ignores SIGINT, SIGQUIT and SIGHUP: a terminal's. */
export type KillSignal = "SIGKILL" | "SIGTERM" | "SIGABRT" | "SIGSEGV";

const SIGNALS: readonly KillSignal[] = ["SIGKILL", "SIGTERM", "SIGABRT", "SIGSEGV"];

/** A process that dumps its memory (SIGABRT, SIGSEGV) takes a moment to end. */
const DEADLINE_MS = 10_000;

/** Resolves when the supervisor knows: the worker has exited, or drains. */
export async function killWorker(target: FaultTarget, slot: number, name?: KillSignal): Promise<Victim> {
  const chosen = choiceOption("signal", name, SIGNALS, "SIGKILL");
  const victim = victimIn(target, slot);
  const waiting = watch(
    target,
    victim,
    chosen === "SIGTERM" ? ["worker:draining", "worker:exited"] : ["worker:exited"],
    DEADLINE_MS,
  );
  try {
    // False when it has gone already: then its exit is what we wait for.
    signal(victim.pid, chosen);
  } catch (error) {
    waiting.cancel();
    throw error;
  }
  await waiting.happened;
  return victim;
}
