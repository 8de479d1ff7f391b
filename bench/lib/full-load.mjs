// As much load as the clients manage: for errors and stale answers under pressure. The wall time of a roll then also
// measures how the system and the clients share the CPU.

import { versionProbe } from "@brood/testing";

/**
 * @param {string} target
 * @param {number} clients of each kind: a new connection for each request, and a kept one
 * @returns {Promise<import("./light-load.mjs").Load>}
 */
export async function fullLoad(target, clients = 8) {
  const fresh = await versionProbe({ target, clients, newConnections: true });
  const kept = await versionProbe({ target, clients });
  return {
    mark: () => fresh.mark(),
    async stop(doneAt, version) {
      const reports = await Promise.all([fresh.stop(), kept.stop()]);
      const stale = reports.reduce((sum, report) => sum + report.staleAfter(doneAt, version), 0);
      return {
        requests: reports[0].requests + reports[1].requests,
        errorsNew: reports[0].errors.length,
        errorsKept: reports[1].errors.length,
        errorKinds: [...new Set(reports.flatMap((report) => Object.keys(report.errorsByKind)))],
        stale,
      };
    },
  };
}
