// An application that talks to a server while it loads: neither connections nor requests of the template are its workers'.
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { nextEvent, pidsOf, service, within } from "../support.ts";
import { ask, fixture, workersOf } from "./support.ts";

it("G74: connections that clients kept while loading are closed, nothing polls in the template, and no answer is another worker's", async () => {
  const polled: string[] = [];
  const server = http.createServer((request, response) => {
    polled.push(request.url ?? "");
    response.end(request.url);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close().closeAllConnections());
  const made = service({
    entry: fixture("poller.mjs"),
    spawn: "template",
    workers: 3,
    env: { BROOD_TEST_POLL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    template: { fallback: "wait", hold: false },
  });
  await within("start", made.start());
  const ofTemplate = `/poll/${made.stats().template?.pid}`;
  const before = polled.length;
  const check = async (): Promise<void> => {
    const all = await Promise.all(workersOf(made).map((worker) => ask(made, worker, "paths")));
    for (const each of all as { paths: string[]; answers: string[] }[])
      expect(each.answers).toEqual(each.paths);
  };
  await check();
  for (const pid of pidsOf(made).slice(0, 2)) process.kill(pid, "SIGKILL");
  for (let seen = 0; seen < 2; seen += 1) await nextEvent(made, "worker:ready");
  await check();
  const after = polled.slice(before);
  expect(after).not.toContain(ofTemplate);
  expect(new Set(after.filter((url) => url.startsWith("/poll/"))).size).toBeGreaterThan(2);
});
