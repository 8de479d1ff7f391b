// The modes of a row run side by side over the same files, so a deploy waits until each of them has its answers of the old code.

import { deploy } from "./release.mjs";

/** @param runs how many there are. Each calls `next(number)`, then `leave()`, however it ends. */
export function sharedDeploy(folder, places, runs) {
  let waiting = [];
  let present = runs;
  deploy(folder, places, 1);
  const advance = () => {
    if (waiting.length === 0 || waiting.length < present) return;
    for (const go of waiting) go();
    waiting = [];
  };
  return {
    async next(number) {
      await new Promise((resolve) => {
        waiting.push(resolve);
        advance();
      });
      return deploy(folder, places, number);
    },
    leave() {
      present -= 1;
      advance();
    },
  };
}
