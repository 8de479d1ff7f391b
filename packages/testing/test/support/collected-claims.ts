// A runner that runs nothing by itself: to see whether a contract notices what is wrong.

import type { ContractRunner } from "@brood/testing";

export type Claims = ReadonlyMap<string, () => Promise<void>>;

export function collectClaims(declare: (runner: ContractRunner) => void): Claims {
  const claims = new Map<string, () => Promise<void>>();
  declare({
    describe: (_, body) => body(),
    it: (name, body) => void claims.set(name, body),
  });
  return claims;
}

/** Names of those that do not hold. */
export async function broken(claims: Claims): Promise<string[]> {
  const names: string[] = [];
  for (const [name, run] of claims) await run().catch(() => names.push(name));
  return names;
}
