import assert from "node:assert/strict";
import test from "node:test";
import { assertDroppedNothing, assertNoStaleAnswers, testServer, versionProbe } from "@brood/testing";

test("a deploy drops nothing and leaves no old code", async (t) => {
  const server = await testServer({ entry: "server.js", exposeGeneration: true });
  t.after(() => server.close());
  const versionOf = (answer) => String(answer.headers["x-brood-generation"]);
  const probe = await versionProbe({ target: server.url, newConnections: true, versionOf });
  t.after(() => probe.stop());

  assert.equal((await server.restart()).result, "completed");
  const deployedAtMs = probe.mark();
  await probe.more(100);

  const report = await probe.stop();
  assertDroppedNothing(report);
  assertNoStaleAnswers(report, deployedAtMs, "2");
});
