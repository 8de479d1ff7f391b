// Who serves which reuseport socket: the scripts of E43 and E44. `slot-sockets-history.test.ts` has random ones.
import { describe, expect, it } from "vitest";
import type { WorkerId } from "../../src/handoff/names.ts";
import {
  HANDSHAKE_MS,
  type SlotCommand,
  type SlotEvent,
  SlotSockets,
} from "../../src/handoff/slot-sockets.ts";

function play(canSteer = true) {
  const policy = new SlotSockets(canSteer);
  const trace: string[] = [];
  let atMs = 0;
  const step = (event: SlotEvent): readonly SlotCommand[] => {
    const commands = policy.step(event, atMs);
    trace.push(
      [`t=${atMs} ${shown(event)}`, commands.map(shown).join(", ")]
        .filter((text) => text !== "")
        .join(" -> "),
    );
    return commands;
  };
  return {
    policy,
    trace,
    step,
    at(nextMs: number) {
      atMs = nextMs;
    },
    ordered: (slot: number, worker: WorkerId) => step({ type: "WorkerOrdered", slot, worker }),
    ready: (worker: WorkerId) => step({ type: "WorkerReady", worker }),
    draining: (worker: WorkerId) => step({ type: "WorkerDraining", worker }),
    exited: (worker: WorkerId) => step({ type: "WorkerExited", worker }),
    closed: (slot: number) => step({ type: "SlotClosed", slot }),
    released: (slot: number, worker: WorkerId) => step({ type: "SocketReleased", slot, worker }),
    queue: (slot: number, length: number) => step({ type: "QueueSeen", slot, length }),
    /** Two slots, both served. */
    started() {
      this.ordered(0, "w1");
      this.ordered(1, "w2");
      this.ready("w1");
      this.ready("w2");
      trace.length = 0;
      return this;
    },
  };
}

function shown({ type, ...rest }: SlotEvent | SlotCommand): string {
  return [type, ...Object.entries(rest).map(([key, value]) => `${key}=${value}`)].join(" ");
}

describe("slot sockets", () => {
  it("a start: whoever is ready first serves every socket, until the others are ready", () => {
    const scene = play();
    scene.ordered(0, "w1");
    scene.ordered(1, "w2");
    scene.at(90);
    scene.ready("w2");
    scene.at(95);
    scene.ready("w1");
    expect(scene.trace).toEqual([
      "t=0 WorkerOrdered slot=0 worker=w1 -> OpenSocket slot=0",
      "t=0 WorkerOrdered slot=1 worker=w2 -> OpenSocket slot=1",
      "t=90 WorkerReady worker=w2 -> Adopt slot=0 worker=w2, Steer slots=1",
      "t=95 WorkerReady worker=w1 -> Release slot=0 worker=w2, Steer slots=null",
    ]);
  });

  it("E43: a slot's next worker inherits its socket; nothing is opened, moved or closed", () => {
    const scene = play().started();
    scene.ordered(0, "w3");
    scene.ready("w3");
    scene.draining("w1");
    scene.exited("w1");
    expect(scene.trace).toEqual([
      "t=0 WorkerOrdered slot=0 worker=w3",
      "t=0 WorkerReady worker=w3",
      "t=0 WorkerDraining worker=w1",
      "t=0 WorkerExited worker=w1",
    ]);
  });

  it("E43: a worker that dies is stood in for until its replacement is ready", () => {
    const scene = play().started();
    scene.exited("w1");
    scene.ordered(0, "w3");
    scene.ready("w3");
    expect(scene.trace).toEqual([
      "t=0 WorkerExited worker=w1 -> Adopt slot=0 worker=w2, Steer slots=1",
      "t=0 WorkerOrdered slot=0 worker=w3",
      "t=0 WorkerReady worker=w3 -> Release slot=0 worker=w2, Steer slots=null",
    ]);
  });

  it("E43: who stands in and leaves is stood in for", () => {
    const scene = play();
    for (const [slot, worker] of ["w1", "w2", "w3"].entries()) scene.ordered(slot, worker as WorkerId);
    for (const worker of ["w1", "w2", "w3"] as const) scene.ready(worker);
    scene.exited("w1");
    scene.trace.length = 0;
    scene.draining("w2");
    expect(scene.trace).toEqual([
      "t=0 WorkerDraining worker=w2 -> Adopt slot=0 worker=w3, Adopt slot=1 worker=w3, Steer slots=2",
    ]);
  });

  it("E44: a shrink steers away, empties, waits for handshakes under way, and only then closes", () => {
    const scene = play().started();
    scene.draining("w2");
    scene.closed(1);
    scene.exited("w2");
    scene.at(HANDSHAKE_MS);
    expect(scene.policy.nextDeadlineAtMs()).toBe(HANDSHAKE_MS);
    scene.step({ type: "TimePassed" });
    scene.queue(1, 2);
    scene.at(HANDSHAKE_MS + 100);
    scene.step({ type: "TimePassed" });
    scene.queue(1, 0);
    scene.released(1, "w1");
    scene.queue(1, 0);
    expect(scene.trace).toEqual([
      "t=0 WorkerDraining worker=w2 -> Adopt slot=1 worker=w1, Steer slots=0",
      "t=0 SlotClosed slot=1",
      "t=0 WorkerExited worker=w2",
      "t=3000 TimePassed -> LookAtQueue slot=1",
      "t=3000 QueueSeen slot=1 length=2",
      "t=3100 TimePassed -> LookAtQueue slot=1",
      "t=3100 QueueSeen slot=1 length=0 -> Release slot=1 worker=w1",
      "t=3100 SocketReleased slot=1 worker=w1 -> LookAtQueue slot=1",
      "t=3100 QueueSeen slot=1 length=0 -> CloseSocket slot=1, Steer slots=null",
    ]);
    expect(scene.policy.nextDeadlineAtMs()).toBeNull();
  });

  it("E44: what comes after all keeps the socket open, and it is adopted again", () => {
    const scene = play().started();
    scene.draining("w2");
    scene.closed(1);
    scene.at(HANDSHAKE_MS);
    scene.step({ type: "TimePassed" });
    scene.queue(1, 0);
    scene.trace.length = 0;
    scene.released(1, "w1");
    scene.queue(1, 1);
    expect(scene.trace).toEqual([
      "t=3000 SocketReleased slot=1 worker=w1 -> LookAtQueue slot=1",
      "t=3000 QueueSeen slot=1 length=1 -> Adopt slot=1 worker=w1",
    ]);
  });

  it("E44: steering that was wrong for a moment: whoever is to be closed is served and waits once more", () => {
    const scene = play().started();
    scene.draining("w2");
    scene.closed(1);
    scene.at(HANDSHAKE_MS);
    scene.step({ type: "TimePassed" });
    scene.queue(1, 0);
    scene.trace.length = 0;
    scene.step({ type: "SteeringLeaked" });
    expect(scene.trace).toEqual(["t=3000 SteeringLeaked -> Adopt slot=1 worker=w1"]);
    expect(scene.policy.nextDeadlineAtMs()).toBe(2 * HANDSHAKE_MS);
  });

  it("E44: a slot that is opened again keeps its socket", () => {
    const scene = play().started();
    scene.draining("w2");
    scene.closed(1);
    scene.exited("w2");
    scene.trace.length = 0;
    scene.ordered(1, "w3");
    scene.ready("w3");
    expect(scene.trace).toEqual([
      "t=0 WorkerOrdered slot=1 worker=w3",
      "t=0 WorkerReady worker=w3 -> Release slot=1 worker=w1, Steer slots=null",
    ]);
    expect(scene.policy.nextDeadlineAtMs()).toBeNull();
  });

  it("E44: a kernel that cannot be steered: the socket stays, and so does whoever serves it", () => {
    const scene = play(false).started();
    scene.draining("w2");
    scene.closed(1);
    scene.exited("w2");
    scene.at(10 * HANDSHAKE_MS);
    scene.step({ type: "TimePassed" });
    expect(scene.policy.nextDeadlineAtMs()).toBeNull();
    expect(scene.trace.filter((line) => line.includes("->"))).toEqual([
      "t=0 WorkerDraining worker=w2 -> Adopt slot=1 worker=w1",
    ]);
  });

  it("a stop moves nothing any more", () => {
    const scene = play().started();
    scene.step({ type: "StopRequested" });
    scene.draining("w1");
    scene.exited("w1");
    scene.exited("w2");
    expect(scene.trace.filter((line) => line.includes("->"))).toEqual([]);
  });
});
