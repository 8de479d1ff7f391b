// Faults for a server or service that runs in this process. Each call resolves when its effect has begun, so that what
// a test does next happens under it; closing undoes whatever still lasts. Nothing here is a switch inside Brood: workers
// are struck from outside, as the world would.

import { PoolError } from "@brood/core";
import { integerOption } from "@brood/core/options";
import type { BootOrder, BootOrders } from "./boot-orders.ts";
import { type DescriptorShortage, fillDescriptorsOf, fillOwnDescriptors } from "./descriptors.ts";
import { type Freeze, freezeWorker } from "./freeze.ts";
import { type KillSignal, killWorker } from "./kill.ts";
import { type FaultTarget, type Victim, victimIn } from "./target.ts";
import { killTemplate, type TemplateSignal, type TemplateVictim } from "./template.ts";

/** Orders to the next workers that boot. */
export interface BootFault {
  /** How many of them no worker has taken yet. */
  pending(): number;
  /** Takes back what is pending. */
  cancel(): void;
}

export interface FaultInjector extends AsyncDisposable {
  /** Ends the worker that serves in `slot`, default by SIGKILL; resolves when the supervisor knows it (with SIGTERM: when it drains). */
  killWorker(slot: number, signal?: KillSignal): Promise<Victim>;
  /** Stops the process of the worker that serves in `slot` (SIGSTOP) for 1...600_000 ms. Resolves when it stands still. */
  freezeWorker(slot: number, forMs: number): Promise<Freeze>;
  /** Ends the newest template, default by SIGKILL; its workers live on. Resolves when the supervisor knows it; it is built
   *  again then. @throws PoolError BROOD_BAD_OPTION for `spawn: "fresh"`, and while no template process runs. */
  killTemplate(signal?: TemplateSignal): Promise<TemplateVictim>;
  /** The next 1...10_000 workers that begin to boot exit with code 1. @throws PoolError BROOD_BAD_OPTION without boot orders. */
  failBoots(count: number): Promise<BootFault>;
  /** The next `count` workers that begin to boot lose 1...600_000 ms first. @throws as failBoots. */
  slowBoots(count: number, delayMs: number): Promise<BootFault>;
  /** The worker that serves in `slot` (Linux, with prlimit), or without one the supervisor itself, that is this process,
   *  cannot open anything: EMFILE. What is open goes on. @throws PoolError BROOD_BAD_OPTION where that cannot be done. */
  exhaustDescriptors(slot?: number): Promise<DescriptorShortage>;
  /** Undoes everything: thaws, takes back orders, frees descriptors. Repeated calls do nothing. */
  close(): Promise<void>;
}

/** @param options.boots  of a server that `testServer` did not start: see `bootOrders`. */
export function faultInjector(
  target: FaultTarget,
  options: { readonly boots?: BootOrders } = {},
): FaultInjector {
  const boots = options.boots ?? target.boots;
  const undoings = new Set<() => void>();
  let isClosed = false;
  const lasting = <Fault>(fault: Fault, undo: () => void): Fault => {
    undoings.add(undo);
    if (isClosed) undo();
    return fault;
  };
  const open = (): void => {
    if (isClosed) throw new PoolError("BROOD_CLOSED", "the fault injector was closed. Make a new one.");
  };
  const order = (count: number, place: (boots: BootOrders) => BootOrder): BootFault => {
    open();
    const times = integerOption("count", count, 1, 10_000, 1);
    if (boots === undefined) throw noOrders();
    const orders = Array.from({ length: times }, () => place(boots));
    const cancel = (): void => {
      for (const each of orders) each.cancel();
    };
    return lasting({ pending: () => orders.filter((each) => each.isPending()).length, cancel }, cancel);
  };
  const close = async (): Promise<void> => {
    isClosed = true;
    for (const undo of [...undoings].reverse()) undo();
    undoings.clear();
  };

  return {
    async killWorker(slot, signal) {
      open();
      return killWorker(target, slot, signal);
    },
    async freezeWorker(slot, forMs) {
      open();
      const freeze = await freezeWorker(target, slot, forMs);
      return lasting(freeze, freeze.thaw);
    },
    async killTemplate(signal) {
      open();
      return killTemplate(target, signal);
    },
    failBoots: async (count) => order(count, (to) => to.fail()),
    slowBoots: async (count, delayMs) => {
      const checkedMs = integerOption("delayMs", delayMs, 1, 600_000, 1);
      return order(count, (to) => to.slow(checkedMs));
    },
    async exhaustDescriptors(slot) {
      open();
      const shortage =
        slot === undefined ? fillOwnDescriptors() : fillDescriptorsOf(victimIn(target, slot).pid);
      return lasting(shortage, shortage.release);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function noOrders(): PoolError {
  return new PoolError(
    "BROOD_BAD_OPTION",
    "this server's workers cannot be told to fail or to be slow. Start it with testServer(), or with " +
      "execArgv: [...orders.execArgv] where orders = bootOrders(), and give { boots: orders } to faultInjector().",
  );
}
