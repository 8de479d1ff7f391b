// The soak, as short as CI bears it: 10 s for each way to spawn (15 in `pnpm test:nodes`). `pnpm soak` takes ten minutes, and any seed.

import { expect, it, onTestFailed } from "vitest";
import { soak } from "../../dist/soak/soak.js";

const SECONDS = process.env["BROOD_TEST_ROWS"] === "all" ? 15 : 10;
/** Of the 60 that are asked for. */
const REQUESTS_A_SECOND = 34;
const SEED = Number(process.env["SIMULATION_SEED"] ?? 1);

it.each(["fresh", "template"] as const)(
  `soak, spawn %s, seed ${SEED}: no error but of requests that a dead worker held, no stale answer, no slot and no process left over`,
  async (spawn) => {
    const lines: string[] = [];
    onTestFailed(() => console.error(lines.join("\n")));
    const report = await soak({
      seed: SEED,
      seconds: SECONDS,
      spawn,
      rate: 30,
      kept: 30,
      say: (line) => void lines.push(line),
    });
    const { errors, stale, staleDeploys, takenForCode, slotsLost, processesLeft, healed, exitCode } = report;
    expect({ errors, stale, staleDeploys, takenForCode, slotsLost, processesLeft, healed, exitCode }).toEqual(
      {
        errors: [],
        stale: 0,
        staleDeploys: 0,
        takenForCode: 0,
        slotsLost: 0,
        processesLeft: 0,
        healed: "completed",
        exitCode: 0,
      },
    );
    expect(report.requests).toBeGreaterThan(SECONDS * REQUESTS_A_SECOND);
  },
  180_000,
);
