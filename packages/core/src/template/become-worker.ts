// From a copy of the template to a worker of its own, in one synchronous step: pid, chance, output, exits, link. The first
// message on the link is its Hello; a supervisor that is gone already shows by the link's end.

import { readlinkSync } from "node:fs";
import { detached } from "../link/detached.ts";
import type { BootOrder } from "../link/protocol.ts";
import type { Binding } from "../native/index.ts";
import { openNativeLink } from "../worker/native-link.ts";
import { type Inheritance, runWorker } from "../worker/runtime.ts";
import { tieToSupervisor } from "../worker/watchdog.ts";
import type { HeldThings } from "./held/index.ts";
import type { Identity } from "./identity.ts";
import { leaveByExitNow } from "./leaving.ts";
import type { ParkedTimers } from "./parked-timers.ts";
import type { Randomness } from "./randomness.ts";
import type { SnapshotCallbacks } from "./startup-snapshot.ts";

const STDOUT = 1;
const STDERR = 2;

export interface Birth {
  readonly binding: Binding;
  readonly randomness: Randomness;
  readonly snapshot: SnapshotCallbacks;
  readonly timers: ParkedTimers;
  readonly held: HeldThings;
  readonly identity: Identity;
  readonly order: BootOrder;
  readonly hasStdout: boolean;
  /** The link, the lifeline, stderr, stdout where `hasStdout`, then the sockets. */
  readonly descriptors: readonly number[];
  readonly inheritance: Inheritance;
}

export function becomeWorker({
  binding,
  randomness,
  snapshot,
  timers,
  held,
  identity,
  order,
  hasStdout,
  descriptors,
  inheritance,
}: Birth): void {
  leaveByExitNow(binding);
  binding.withoutThreads();
  const [linkEnd, lifeline, stderr, ...others] = descriptors;
  if (linkEnd === undefined || lifeline === undefined || stderr === undefined) return binding.exitNow(1);
  tieToSupervisor({ descriptor: linkEnd, lifeline }, order);
  // Node asks for its pid once.
  identity.renew(Number(readlinkSync("/proc/self")));
  redirect(binding, stderr, STDERR);
  const stdout = hasStdout ? others.shift() : undefined;
  if (stdout !== undefined) redirect(binding, stdout, STDOUT);
  randomness.renew();
  process.title = `brood ${order.name} slot=${order.slot} gen=${order.generation}`;
  // As this process has them: the order's descriptors are the supervisor's.
  const sockets = order.sockets.flatMap((socket, index) => {
    const fd = others[index];
    return fd === undefined ? [] : [{ ...socket, fd }];
  });
  snapshot.deserialize();
  timers.resume();
  held.perform();
  detached(runWorker(openNativeLink(binding, linkEnd), { ...order, sockets }, inheritance), () =>
    process.exit(1),
  );
}

function redirect(binding: Binding, from: number, to: number): void {
  binding.replace(from, to);
  binding.close(from);
}
