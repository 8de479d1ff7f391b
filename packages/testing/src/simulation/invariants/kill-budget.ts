// At most a quarter of the slots, at least one, may at the same time wait for the replacement of a worker that was
// killed for its silence: when a host starves, mass executions only make it worse.

import { budgetOf, createBudgetBook } from "./budget-book.ts";
import type { Invariant } from "./invariant.ts";

export function killBudget(): Invariant {
  const book = createBudgetBook();
  return {
    name: "kill-budget",
    check(observation) {
      const condemned = book.note(observation);
      const budget = budgetOf(observation);
      if (condemned.length === 0 || book.waiting.size <= budget) return null;
      const { desired } = observation.world;
      return `${book.waiting.size} of ${desired} slots wait after a kill for silence, the budget is ${budget}`;
    },
  };
}
