import { setTimeout as delay } from "node:timers/promises";
import { defineTasks } from "@brood/core/tasks";

export default defineTasks({
  /** CPU: runs beside the event loop of the program. @param {number} limit */
  countPrimes(limit) {
    let count = 0;
    for (let candidate = 2; candidate < limit; candidate += 1) {
      let divisor = 2;
      while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor += 1;
      if (divisor * divisor > candidate) count += 1;
    }
    return count;
  },

  /** Ends when its caller does not wait any more. @param {number} ms */
  async wait(ms, { signal }) {
    await delay(ms, undefined, { signal });
    return ms;
  },

  /** What a bug can do: the task is lost, the pool is not. */
  crash() {
    process.exit(1);
  },
});
