// A few clients of a row: over HTTP and WebSockets the probe of @brood/testing, half of them with a connection for each request,
// else a client of the row's own (a file that exports `connect`).

import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { versionProbe } from "@brood/testing";
import { versionIn } from "./release.mjs";

/** How many ask at the same time. */
export const CLIENTS = 4;

/** As fast as it goes, the clients would take the cores that new workers need. */
const THINK_MS = [5, 40];

/** @returns `answers(version)` so far, `errors()` so far, and `stop()`, which gives what was seen */
export function startLoad(row, folder, port) {
  return row.client === undefined || row.client === "ws" ? probes(row, port) : ownClients(row, folder, port);
}

async function probes(row, port) {
  const webSocket = row.client === "ws";
  const readAnswer = row.unique === true ? uniqueAnswers() : versionIn;
  const shared = {
    ...{
      target: `${webSocket ? "ws" : "http"}://127.0.0.1:${port}`.replace(/^ws/, "http"),
      path: row.path ?? "/",
    },
    ...{ thinkMs: THINK_MS, versionOf: ({ body }) => readAnswer(body) },
    ...(row.request === undefined ? {} : { requests: [row.request] }),
    ...(webSocket ? { webSocket } : {}),
  };
  const kept = await versionProbe({ ...shared, clients: CLIENTS / 2 });
  const anew = await versionProbe({ ...shared, clients: CLIENTS / 2, newConnections: true });
  const both = [kept, anew];
  const sum = (of) => both.reduce((total, probe) => total + of(probe.snapshot()), 0);
  return {
    answers: (version) => Math.min(...both.map((probe) => probe.snapshot().byVersion[version] ?? 0)),
    errors: () => sum(({ errors }) => errors),
    stop: async () => {
      const reports = await Promise.all(both.map((probe) => probe.stop()));
      return {
        requests: reports.reduce((total, report) => total + report.requests, 0),
        errors: reports.flatMap((report) => report.errors.map(({ kind, message }) => `${kind}: ${message}`)),
        staleAfter: (dateMs, version) =>
          reports.reduce((total, report) => total + report.staleAfter(dateMs, version), 0),
      };
    },
  };
}

/** `connect(port)` gives `{ ask(): Promise<string>, close() }`; one that failed is made anew. */
async function ownClients(row, folder, port) {
  const { connect } = await import(join(folder, row.client));
  const seen = [];
  const errors = [];
  let isStopping = false;
  const run = async () => {
    let client;
    while (!isStopping) {
      const sentAtMs = Date.now();
      try {
        client ??= await connect(port);
        seen.push({ sentAtMs, version: versionIn(await client.ask()) });
      } catch (error) {
        errors.push(`${error?.code ?? error?.name}: ${error?.message}`);
        client?.close();
        client = undefined;
      }
      await delay(THINK_MS[1] / 2);
    }
    client?.close();
  };
  const clients = Array.from({ length: CLIENTS }, run);
  return {
    answers: (version) => seen.filter((answer) => answer.version === version).length,
    errors: () => errors.length,
    stop: async () => {
      isStopping = true;
      await Promise.all(clients);
      const staleAfter = (dateMs, version) =>
        seen.filter((answer) => answer.sentAtMs > dateMs && answer.version !== version).length;
      return { requests: seen.length + errors.length, errors, staleAfter };
    },
  };
}

/** Of a row with `unique`: each answer holds `id=<something>`, and no two the same, whichever worker they come from. */
function uniqueAnswers() {
  const seen = new Set();
  return (body) => {
    const [, id] = body.match(/id=([^\s"]+)/) ?? [];
    if (id === undefined) throw new Error(`the answer holds no id: ${body.slice(0, 200)}`);
    if (seen.has(id)) throw new Error(`id ${id} came twice`);
    seen.add(id);
    return versionIn(body);
  };
}
