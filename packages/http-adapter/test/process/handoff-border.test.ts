// What a worker may write into the channel over which its connections come: the end of that worker, and of nobody else. The
// supervisor is this very process: an exception of its own would fail the run.
import http from "node:http";
import { fileURLToPath } from "node:url";
import { nativeSupport } from "@brood/core/native";
import { serve } from "@brood/http-adapter";
import { describe, expect, it, onTestFinished } from "vitest";
import { SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const ENTRY = fileURLToPath(new URL("../fixtures/apps/forger.mjs", import.meta.url));
const MISDEEDS = ["garbage", "no-json", "null", "no-tokens", "lent", "counts", "a-type", "close"];
/** The parts of the border: framing, decoding, what this worker may not say, the end. */
const SOME = { connection: ["garbage", "no-tokens", "lent"], reuseport: ["close"] };

function get(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get({ port, host: "127.0.0.1", path, agent: false }, (response) => {
        response.setEncoding("utf8").once("data", resolve).once("error", reject);
      })
      .once("error", reject);
  });
}

describe.skipIf(!nativeSupport().ok)("the border of the channel for connections", () => {
  it.each(["connection", "reuseport"] as const)(
    "G75: %s: what a worker writes into it, or its end, ends that worker alone",
    async (handoff) => {
      const server = await serve({
        entry: ENTRY,
        listen: "127.0.0.1:0",
        workers: 2,
        minHealthyMs: 0,
        spawn: SPAWN,
        handoff,
      });
      onTestFinished(() => server.stop({ now: true }));
      server.on("error", () => {});
      const port = Number(new URL(server.addresses[0] ?? "").port);
      const misdeeds = process.env["BROOD_TEST_ROWS"] === "all" ? MISDEEDS : SOME[handoff];
      let last = 0;
      for (const misdeed of misdeeds) {
        const exited = new Promise<{ readonly pid: number | null; readonly reason: unknown }>((resolve) =>
          server.once("worker:exited", resolve),
        );
        const ready = new Promise((resolve) => server.once("worker:ready", resolve));
        const pid = await within("an answer", get(port, `/${misdeed}`));
        const end = await within(`the end after ${misdeed}`, exited);
        expect(end, misdeed).toMatchObject({ pid: Number(pid), reason: { code: "BROOD_PROTOCOL" } });
        await within("a new worker", ready);
        last = Number(await within("an answer", get(port, "/")));
      }
      expect(server.stats()).toMatchObject({ ready: 2, counters: { exited: misdeeds.length } });
      expect(server.stats().workers.map(({ pid }) => pid)).toContain(last);
      expect(await within("restart", server.restart())).toMatchObject({ result: "completed" });
    },
  );
});
