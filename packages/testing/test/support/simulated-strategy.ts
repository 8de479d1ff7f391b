// The simulation's spawn strategy as the contract wants it: releases lie on a simulated disk, time passes step by step.

import type { ReleaseBehaviour, StrategyUnderTest } from "@brood/testing";
import { type BehaviourKind, GOOD } from "../../src/simulation/behaviour.ts";
import { Files } from "../../src/simulation/files.ts";
import { Fleet } from "../../src/simulation/fleet.ts";
import { createRandom } from "../../src/simulation/random.ts";
import { VirtualTime } from "../../src/simulation/virtual-time.ts";

const KINDS: Readonly<Record<ReleaseBehaviour, BehaviourKind>> = {
  serves: "good",
  blocks: "neverDrains",
  throws: "bootThrows",
  exits: "bootExits",
};

export function simulatedStrategy(): StrategyUnderTest & { readonly fleet: Fleet } {
  const time = new VirtualTime();
  const files = new Files();
  const fleet = new Fleet(time, files, createRandom(1));
  return {
    fleet,
    strategy: fleet.strategy(600_000),
    release: (behaviour) => files.read(files.deploy({ ...GOOD, kind: KINDS[behaviour], share: 1 })).release,
    pass: () => time.runNext(),
  };
}
