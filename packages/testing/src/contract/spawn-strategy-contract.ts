// What every spawn strategy owes the supervisor (ports/spawn-strategy.ts), as claims that can be run. The machine relies
// on each of them: a missing `exited` is a slot that is never filled again, a second one a slot that is filled twice.

import { bootClaims } from "./boot-claims.ts";
import { endClaims } from "./end-claims.ts";
import { orphanClaim } from "./orphan-claim.ts";
import { CLAIM_TIMEOUT_MS, type ContractRunner } from "./runner.ts";
import { type CreateStrategy, Stage, type StrategySetup } from "./stage.ts";

export interface SpawnStrategyContract extends ContractRunner {
  /** Makes the strategy, anew for each claim. */
  readonly create: CreateStrategy;
  /** "real" (default): workers run modules. "simulated": claims about what code sees and prints are left out. */
  readonly code?: "real" | "simulated";
  /** "thread": workers share this process, so claims about what a process has to itself are left out, or are about the
   *  thread. Default "process". */
  readonly runtime?: Runtime;
  /** A JavaScript module that exports the same `create`: run in a process of its own, which is killed, to see that the
   *  workers do not outlive it. Without it that claim is left out. */
  readonly module?: URL;
}

export type Runtime = "process" | "thread";

export interface Claim {
  readonly name: string;
  /** It cannot be seen without real code. */
  readonly needsCode?: boolean;
  /** It is about something that a thread has not. */
  readonly needsProcess?: boolean;
  readonly setup?: (folder: string, runtime: Runtime) => Partial<StrategySetup>;
  readonly run: (stage: Stage) => Promise<void>;
}

/** Declares the claims; the runner runs them. */
export function spawnStrategyContract(contract: SpawnStrategyContract): void {
  const { create, code = "real", runtime = "process", module } = contract;
  const claims = [...bootClaims, ...endClaims]
    .filter((each) => code === "real" || !each.needsCode)
    .filter((each) => runtime === "process" || !each.needsProcess);
  contract.describe("a spawn strategy", () => {
    for (const { name, setup, run } of claims)
      contract.it(
        name,
        () => Stage.run(create, (folder) => setup?.(folder, runtime) ?? {}, run),
        CLAIM_TIMEOUT_MS,
      );
    if (module !== undefined) contract.it(orphanClaim.name, () => orphanClaim.run(module), CLAIM_TIMEOUT_MS);
  });
}
