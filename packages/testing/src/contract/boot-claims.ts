// From the order to a worker that works.

import assert from "node:assert/strict";
import { GIVEN_ENV, REMOVED_ENV, type Surroundings } from "./releases.ts";
import type { Claim } from "./spawn-strategy-contract.ts";
import type { Stage } from "./stage.ts";

/** Enough for a transport to show that it keeps order. */
const POSTS = 500;
const AT_ONCE = 8;

export const bootClaims: readonly Claim[] = [
  {
    name: "tells of the process first, and the worker's first message says who it is: the one that was ordered",
    async run(stage) {
      const release = await stage.release("serves");
      const worker = stage.spawn(7, release, 3);
      await stage.until(worker, "Hello", () => worker.has("Hello"));
      assert.equal(worker.told[0]?.kind, "spawned");
      assert.deepEqual(worker.messages[0], {
        type: "Hello",
        worker: "w7",
        generation: 3,
        release,
        pid: worker.pid,
      });
    },
  },
  {
    name: "leaves a worker that has booted waiting until it is admitted, and takes each message to the worker it is for",
    async run(stage) {
      const waiting = stage.spawn(1, await stage.release("serves"), 1);
      await stage.until(waiting, "Booted", () => waiting.has("Booted"));
      const other = await stage.ready(2, "serves");
      other.handle?.send({ type: "Drain", timeoutMs: 5_000 });
      await stage.ended(other);
      assert.deepEqual(
        waiting.messages.map(({ type }) => type),
        ["Hello", "Booted"],
      );
      waiting.handle?.send({ type: "Admit" });
      await stage.until(waiting, "Ready", () => waiting.has("Ready"));
    },
  },
  {
    name: "sends a heartbeat when asked, signed by the worker like every message",
    async run(stage) {
      const worker = await stage.ready(4, "serves", 2);
      const before = worker.messages.filter(({ type }) => type === "Heartbeat").length;
      assert.equal(worker.handle?.send({ type: "Report" }), true);
      await stage.until(
        worker,
        "a heartbeat",
        () => worker.messages.filter(({ type }) => type === "Heartbeat").length > before,
      );
      for (const message of worker.messages)
        assert.deepEqual([message.worker, message.generation], ["w4", 2], message.type);
    },
  },
  {
    name: `keeps order in both directions: ${POSTS} messages there and back`,
    needsCode: true,
    async run(stage) {
      const worker = await stage.ready(1, "serves");
      const sent = Array.from({ length: POSTS }, (_, index) => ({ index, text: "ü".repeat(index % 50) }));
      for (const payload of sent) assert.equal(worker.handle?.send({ type: "Post", payload }), true);
      await stage.until(worker, "every answer", () => worker.posts.length >= POSTS);
      assert.deepEqual(worker.posts, sent);
    },
  },
  {
    name: "gives the worker the environment that was asked for",
    needsCode: true,
    setup: () => {
      process.env[REMOVED_ENV] = "still there";
      return { env: { [GIVEN_ENV]: "given", [REMOVED_ENV]: undefined } };
    },
    async run(stage) {
      try {
        const seen = await surroundings(stage);
        assert.deepEqual([seen.given, seen.removed], ["given", undefined]);
      } finally {
        delete process.env[REMOVED_ENV];
      }
    },
  },
  {
    name: "gives the worker the working directory of its release",
    needsCode: true,
    async run(stage) {
      assert.equal((await surroundings(stage)).cwd, stage.folder);
    },
  },
  {
    name: `starts ${AT_ONCE} workers at once and mixes none of them up`,
    async run(stage) {
      const release = await stage.release("serves");
      const workers = Array.from({ length: AT_ONCE }, (_, index) =>
        stage.spawn(index + 1, release, index + 1),
      );
      for (const [index, worker] of workers.entries()) {
        await stage.until(worker, "Hello", () => worker.has("Hello"));
        const [hello] = worker.messages;
        assert.deepEqual([hello?.worker, hello?.generation], [`w${index + 1}`, index + 1]);
      }
      const ids = workers.map(({ handle, pid }) => handle?.threadId ?? pid);
      assert.equal(new Set(ids).size, AT_ONCE);
    },
  },
];

async function surroundings(stage: Stage): Promise<Surroundings> {
  const worker = await stage.ready(1, "serves");
  worker.handle?.send({ type: "Post", payload: "where" });
  await stage.until(worker, "the answer", () => worker.posts.length === 1);
  return worker.posts[0] as Surroundings;
}
