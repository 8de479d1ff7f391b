import { describe, expect, it } from "vitest";
import { isClusterScript } from "../../src/worker/cluster-script.ts";

describe("a cluster script", () => {
  it.each([
    [`const cluster = require("cluster"); if (cluster.isMaster) cluster.fork(); else listen();`, true],
    [`import { isPrimary, fork } from "node:cluster"; if (isPrimary) fork ();`, true],
    [`import cluster from "node:cluster"; if (cluster.isWorker) log(cluster.worker.id);`, false],
    [`import { fork } from "node:child_process"; fork("./job.js");`, false],
    ["", false],
  ])("%s: %s", (source, is) => {
    expect(isClusterScript(source)).toBe(is);
  });
});
