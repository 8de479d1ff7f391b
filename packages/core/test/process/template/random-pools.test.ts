// What libraries have drawn for later: no worker hands out what another does, and nothing that was signed or sealed is lost.
import { describe, expect, it } from "vitest";
import { nextEvent, pidsOf, service, within } from "../support.ts";
import { ask, fixture, workersOf } from "./support.ts";

interface Answer {
  readonly draws: Readonly<Record<string, unknown>>;
  readonly kept: Readonly<Record<string, boolean>>;
  readonly isRestored: boolean;
}

describe("random bytes that were drawn before the fork", () => {
  for (const drawn of ["while it loads", "warmup"]) {
    it(`G72: no two workers draw the same, whoever drew, nor those forked long after; keys stay (drawn: ${drawn})`, async () => {
      const made = service({
        entry: fixture("random-pools.mjs"),
        spawn: "template",
        workers: 3,
        env: { BROOD_TEST_DRAWN: drawn },
        template: { fallback: "wait" },
      });
      await within("start", made.start());
      const all = (await Promise.all(workersOf(made).map((each) => ask(made, each, "all")))) as Answer[];
      // Its own pools have been in use for a while when the last ones are forked.
      for (let round = 0; round < 2; round += 1) {
        const ready = nextEvent(made, "worker:ready");
        process.kill(pidsOf(made)[0] ?? -1, "SIGKILL");
        all.push((await ask(made, (await ready).worker, "all")) as Answer);
      }
      const names = Object.keys(all[0]?.draws ?? {});
      expect(names.length).toBeGreaterThan(20);
      const repeated = names.filter((name) => new Set(all.map(({ draws }) => draws[name])).size < all.length);
      expect(repeated).toEqual([]);
      for (const { kept, isRestored } of all) {
        expect(Object.entries(kept).filter(([, isKept]) => !isKept)).toEqual([]);
        expect(Object.keys(kept).length).toBeGreaterThan(14);
        expect(isRestored).toBe(true);
      }
    });
  }
});
