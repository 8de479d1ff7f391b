import { describe, expect, it } from "vitest";
import { drive } from "./driver.ts";

/** How a process can end by itself: exit code and signal. */
const ENDS = [
  ["process.exit(0)", 0, null],
  ["an uncaught exception", 1, null],
  ["out of memory", null, "SIGABRT"],
  ["SIGKILL", null, "SIGKILL"],
] as const;

type Machine = ReturnType<typeof drive>;

/** In which moment of its life, and what the machine makes of it. */
const MOMENTS: readonly (readonly [moment: string, live: (world: Machine) => Machine, made: string])[] = [
  ["while the service starts", (world) => startingWith(world), "SettleStart BROOD_BOOT_FAILED"],
  ["serving", (world) => world.start(), "SpawnWorker w2 slot=0 g1"],
  [
    "as a canary that boots",
    (world) => world.start().restart(2),
    "SettleRoll failed replaced=0 BROOD_BOOT_FAILED",
  ],
  [
    "as a canary that is watched",
    (world) => world.start().restart(2).ready("w2"),
    "SettleRoll failed replaced=0 BROOD_UNHEALTHY",
  ],
  ["draining", (world) => draining(world), "SettleRoll completed replaced=1"],
];

function startingWith(world: Machine): Machine {
  world.step({ type: "StartRequested", entry: "/srv/r1/app.js" });
  const release = { entry: "/srv/r1/app.js", version: null, folder: "/srv/r1", fingerprint: "f1" };
  world.step({ type: "ReleaseResolved", generation: 1, release });
  return world;
}

function draining(world: Machine): Machine {
  world.start().restart(2).ready("w2").at(1_000).deadlines();
  return world;
}

describe.each(MOMENTS)("a worker that ends %s", (moment, live, made) => {
  it.each(ENDS)("60: by %s", (_, exitCode, signal) => {
    const world = live(drive({ desired: 1, heartbeatTimeoutMs: 60_000 })).fresh();
    const worker = moment.startsWith("as a canary") ? "w2" : "w1";
    world.exit(worker, exitCode, signal, "last words");
    expect(world.trace.join()).toContain(made);
    const [settled] = world.settled.slice(-1);
    if (moment.startsWith("as a canary"))
      expect(settled).toMatchObject({
        result: { reason: { slot: 0, exitCode, signal, stderr: "last words" } },
      });
  });
});
