// Clients that ask without a break, each kind of them over TCP and over the unix socket.

import { setTimeout as pause } from "node:timers/promises";
import { versionProbe } from "@brood/testing";

const CLIENTS_OF_A_KIND = 4;

/** @param {readonly string[]} addresses  of the server: TCP, unix. */
export async function startLoad([tcp, unix]) {
  const kinds = [
    { name: "TCP\nkeep-alive", target: tcp, newConnections: false },
    { name: "TCP\nnew conn.", target: tcp, newConnections: true },
    { name: "unix\nkeep-alive", target: unix, newConnections: false },
    { name: "unix\nnew conn.", target: unix, newConnections: true },
  ];
  for (const kind of kinds) {
    const { target, newConnections } = kind;
    kind.probe = await versionProbe({ target, newConnections, clients: CLIENTS_OF_A_KIND });
  }

  const load = {
    clients: kinds.length * CLIENTS_OF_A_KIND,
    /** Requests, errors and answers by version, of all clients so far. */
    totals() {
      const totals = { requests: 0, errors: 0, byVersion: {} };
      for (const { requests, errors, byVersion } of kinds.map(({ probe }) => probe.snapshot())) {
        totals.requests += requests;
        totals.errors += errors;
        for (const [version, answers] of Object.entries(byVersion))
          totals.byVersion[version] = (totals.byVersion[version] ?? 0) + answers;
      }
      return totals;
    },
    /** The versions that answer now. */
    async serving() {
      await pause(200); // for answers that are already on their way
      const before = load.totals().byVersion;
      await pause(500);
      const after = Object.entries(load.totals().byVersion);
      return after.flatMap(([version, answers]) => (answers > (before[version] ?? 0) ? version : []));
    },
    /** @returns the report of each kind of client. */
    stop: () => Promise.all(kinds.map(async ({ name, probe }) => ({ name, ...(await probe.stop()) }))),
  };
  return load;
}
