// What every transport owes the link protocol (link/frames.ts): whole values, in order, both ways, and an end that both
// sides notice. The frames' sequence numbers prove order and loss; everything else is claimed here.

import assert from "node:assert/strict";
import {
  createFrameWriter,
  createSupervisorFrameReader,
  createWorkerFrameReader,
  type FrameReader,
  type SupervisorMessage,
  type WorkerMessage,
} from "@brood/core/engine";
import { CLAIM_TIMEOUT_MS, type ContractRunner, until } from "./runner.ts";

/** One end of a transport. */
export interface LinkEnd {
  /** Sends without waiting; false when it is closed. Never throws. */
  send(value: unknown): boolean;
  /** Each value that arrives, in order; once, before anything is sent. */
  onValue(listener: (value: unknown) => void): void;
  /** Once, when either side has closed it and everything before has arrived. */
  onClose(listener: () => void): void;
  close(): void;
}

/** Both ends of one link, in this process. */
export interface LinkUnderTest {
  readonly supervisor: LinkEnd;
  readonly worker: LinkEnd;
  /** Lets a little time pass, where time is not real. */
  pass?(): void;
}

export interface LinkContract extends ContractRunner {
  create(): LinkUnderTest | Promise<LinkUnderTest>;
}

const FRAMES = 1_000;
/** Larger than any buffer of a pipe or a socket. */
const LARGE_CHARACTERS = 2 * 2 ** 20;

/** Declares the claims; the runner runs them. */
export function linkContract({ describe, it, create }: LinkContract): void {
  const claim = (name: string, run: (ends: Ends) => Promise<void>): void => {
    it(
      name,
      async () => {
        const ends = new Ends(await create());
        try {
          await run(ends);
        } finally {
          ends.close();
        }
      },
      CLAIM_TIMEOUT_MS,
    );
  };
  describe("a link", () => {
    claim(`carries ${FRAMES} frames each way at the same time, whole and in order`, async (ends) => {
      for (let index = 0; index < FRAMES; index += 1) {
        assert.equal(ends.toWorker({ type: "Post", payload: index }), true);
        assert.equal(ends.toSupervisor(posted(index)), true);
      }
      await ends.until("every frame", () => ends.atWorker.length + ends.atSupervisor.length >= 2 * FRAMES);
      const expected = Array.from({ length: FRAMES }, (_, index) => index);
      assert.deepEqual(payloads(ends.atWorker), expected);
      assert.deepEqual(payloads(ends.atSupervisor), expected);
    });
    claim("keeps a message whole, however large, and those around it apart", async (ends) => {
      const payload = [
        "",
        'ü€😀\n\0"',
        { deep: [{ er: [null, true, -0.5, 1e300] }] },
        "x".repeat(LARGE_CHARACTERS),
        1,
      ];
      for (const each of payload) ends.toSupervisor(posted(each));
      await ends.until("every frame", () => ends.atSupervisor.length >= payload.length);
      assert.deepEqual(payloads(ends.atSupervisor), payload);
    });
    claim(
      "hands over what the application sends beside the frames, and loses no frame to it",
      async (ends) => {
        ends.link.worker.send({ type: "Ready" });
        ends.toSupervisor(posted("after"));
        await ends.until("the frame", () => ends.atSupervisor.length > 0);
        assert.deepEqual([ends.foreign, payloads(ends.atSupervisor)], [1, ["after"]]);
      },
    );
    for (const side of ["supervisor", "worker"] as const)
      claim(
        `tells both ends once that the ${side} has closed it, after what was sent before`,
        async (ends) => {
          for (let index = 0; index < 100; index += 1) {
            if (side === "worker") ends.toSupervisor(posted(index));
            else ends.toWorker({ type: "Post", payload: index });
          }
          ends.link[side].close();
          ends.link[side].close();
          await ends.until("both have noticed", () => ends.closed.length >= 2);
          const arrived = side === "worker" ? ends.atSupervisor : ends.atWorker;
          assert.equal(arrived.length, 100, "frames sent before the close");
          assert.equal(ends.link.supervisor.send("late"), false);
          assert.equal(ends.link.worker.send("late"), false);
          await ends.settle();
          assert.deepEqual([...ends.closed].sort(), ["supervisor", "worker"]);
        },
      );
  });
}

class Ends {
  readonly link: LinkUnderTest;
  readonly atSupervisor: unknown[] = [];
  readonly atWorker: unknown[] = [];
  readonly closed: string[] = [];
  readonly violations: string[] = [];
  foreign = 0;
  readonly #fromSupervisor = createFrameWriter<SupervisorMessage>();
  readonly #fromWorker = createFrameWriter<WorkerMessage>();

  constructor(link: LinkUnderTest) {
    this.link = link;
    link.supervisor.onValue(this.#reads(createWorkerFrameReader(), this.atSupervisor));
    link.worker.onValue(this.#reads(createSupervisorFrameReader(), this.atWorker));
    link.supervisor.onClose(() => this.closed.push("supervisor"));
    link.worker.onClose(() => this.closed.push("worker"));
  }

  toWorker(message: SupervisorMessage): boolean {
    return this.#fromSupervisor.write(message, (frame) => this.link.supervisor.send(frame));
  }

  toSupervisor(message: WorkerMessage): boolean {
    return this.#fromWorker.write(message, (frame) => this.link.worker.send(frame));
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const seen = (): string =>
      `${this.atSupervisor.length} messages at the supervisor, ${this.atWorker.length} at the worker, closed: ${this.closed}`;
    await until(
      what,
      () => this.violations.length > 0 || condition(),
      seen,
      () => this.link.pass?.(),
    );
    assert.deepEqual(this.violations, [], "breaches of the protocol");
  }

  /** Turns in which nothing more may come. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) {
      this.link.pass?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): void {
    this.link.supervisor.close();
    this.link.worker.close();
  }

  #reads(reader: FrameReader<unknown>, into: unknown[]): (value: unknown) => void {
    return (value) => {
      const reading = reader.read(value);
      if (reading.kind === "message") into.push(reading.message);
      if (reading.kind === "foreign") this.foreign += 1;
      if (reading.kind === "duplicate") this.violations.push("a frame arrived twice");
      if (reading.kind === "violation") this.violations.push(reading.detail);
    };
  }
}

function posted(payload: unknown): WorkerMessage {
  return { type: "Post", payload, worker: "w1", generation: 1 };
}

function payloads(messages: readonly unknown[]): unknown[] {
  return messages.map((each) =>
    typeof each === "object" && each !== null ? Reflect.get(each, "payload") : each,
  );
}
