// How a worker ends, and that its end is told once, last and truthfully.

import assert from "node:assert/strict";
import { join } from "node:path";
import { BOOT_ERROR, EXIT_CODE, LINES } from "./releases.ts";
import type { Claim } from "./spawn-strategy-contract.ts";
import type { WorkerRecord } from "./worker-record.ts";

/** Of the port: the last lines of stderr, at most so many. */
const TAIL_LINES = 20;

/** Exactly one end, after everything else. */
function assertEndedOnce(worker: WorkerRecord, kind: "exited" | "failed"): void {
  const ends = worker.told.filter((each) => each.kind === "exited" || each.kind === "failed");
  assert.deepEqual(
    ends.map((each) => each.kind),
    [kind],
    worker.text(),
  );
  assert.equal(worker.told.at(-1)?.kind, kind, `something came after its end: ${worker.text()}`);
}

export const endClaims: readonly Claim[] = [
  {
    name: "lets a worker that drains say so and leave: Draining, Bye, then exited with code 0, once and last",
    async run(stage) {
      const worker = await stage.ready(1, "serves");
      worker.handle?.send({ type: "Drain", timeoutMs: 5_000 });
      await stage.ended(worker);
      assertEndedOnce(worker, "exited");
      assert.deepEqual([worker.end?.exitCode, worker.end?.signal], [0, null]);
      const types = worker.messages.map(({ type }) => type);
      assert.deepEqual(
        types.filter((type) => type === "Draining" || type === "Bye"),
        ["Draining", "Bye"],
      );
    },
  },
  {
    name: "says that a message was sent while the worker lives, and that it was not when it has ended",
    async run(stage) {
      const worker = await stage.ready(1, "serves");
      assert.equal(worker.handle?.send({ type: "Report" }), true);
      worker.handle?.kill();
      await stage.ended(worker);
      assert.equal(worker.handle?.send({ type: "Report" }), false);
      worker.handle?.kill();
      await stage.ended(worker);
      assertEndedOnce(worker, "exited");
    },
  },
  {
    name: "ends a worker that does not cooperate, and says that it did not leave by itself",
    async run(stage) {
      const worker = await stage.ready(1, "blocks");
      worker.handle?.send({ type: "Post", payload: "block" });
      worker.handle?.send({ type: "Drain", timeoutMs: 5_000 });
      worker.handle?.kill();
      await stage.ended(worker);
      assertEndedOnce(worker, "exited");
      assert.notEqual(worker.end?.exitCode, 0);
    },
  },
  {
    name: "ends a worker whose event loop is blocked",
    needsCode: true,
    async run(stage) {
      const worker = await stage.ready(1, "blocks");
      worker.handle?.send({ type: "Post", payload: "block" });
      await stage.until(worker, "its last word", () => worker.posts.length === 1);
      worker.handle?.kill();
      await stage.ended(worker);
      assertEndedOnce(worker, "exited");
      assert.notEqual(worker.end?.exitCode, 0);
    },
  },
  {
    name: "ends a worker that is killed before it has said anything",
    async run(stage) {
      const worker = stage.spawn(1, await stage.release("serves"), 1);
      worker.handle?.kill();
      await stage.ended(worker);
      assert.equal(worker.told.filter((each) => each.kind === "exited" || each.kind === "failed").length, 1);
      assert.equal(worker.has("Ready"), false);
    },
  },
  {
    name: "hands on why a release cannot be loaded, before the exit with code 1",
    async run(stage) {
      const worker = stage.spawn(1, await stage.release("throws"), 1);
      await stage.ended(worker);
      assertEndedOnce(worker, "exited");
      const failure = worker.messages.find((each) => each.type === "Failed");
      assert.equal(failure?.type === "Failed" ? failure.error.code : null, "BROOD_BOOT_FAILED");
      assert.deepEqual([worker.end?.exitCode, worker.end?.signal], [1, null]);
    },
  },
  {
    name: "has the error of a release that cannot be loaded in the last lines of stderr",
    needsCode: true,
    async run(stage) {
      const worker = stage.spawn(1, await stage.release("throws"), 1);
      await stage.ended(worker);
      assert.ok(worker.end?.stderr.includes(BOOT_ERROR), worker.end?.stderr);
    },
  },
  {
    name: `reports exit code ${EXIT_CODE} and the last ${TAIL_LINES} lines of stderr, all of which went to the given stream`,
    needsCode: true,
    async run(stage) {
      const worker = stage.spawn(1, await stage.release("exits"), 1);
      await stage.ended(worker);
      assertEndedOnce(worker, "exited");
      assert.deepEqual([worker.end?.exitCode, worker.end?.signal], [EXIT_CODE, null]);
      const all = Array.from({ length: LINES }, (_, index) => `line ${index + 1}`);
      assert.equal(worker.end?.stderr, all.slice(-TAIL_LINES).join("\n"));
      assert.equal(stage.printed, `${all.join("\n")}\n`);
    },
  },
  {
    name: "says that a worker could not be started, by throwing or once by failed, and nothing else",
    needsCode: true,
    setup: (_folder, runtime) => (runtime === "process" ? {} : { execArgv: ["--no-such-flag"] }),
    async run(stage) {
      const release = { ...(await stage.release("serves")), folder: join(stage.folder, "no-such-folder") };
      let worker: WorkerRecord;
      try {
        worker = stage.spawn(1, release, 1);
      } catch (error) {
        assert.ok(error instanceof Error);
        return;
      }
      await stage.ended(worker);
      assert.deepEqual(worker.text(), "failed");
      assert.equal(worker.handle?.send({ type: "Report" }), false);
    },
  },
];
