// The task file of the fuzzer: every way in which a task can end.
import { setTimeout as delay } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import { chance } from "./chance.mjs";
import { errorOf, VALUES } from "./values.mjs";

export const same = (value) => value;
export const wait = async (ms, { signal }) => delay(ms, ms, { signal });
/** Does not heed its signal. */
export const linger = (ms) => delay(ms, ms);
export const spin = (ms) => {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
  return ms;
};
export const take = () => "taken";
export const give = ([name, seed]) => VALUES[name](chance(seed));
export const giveLater = async (given) => give(given);
export const fail = (seed) => {
  throw errorOf(chance(seed));
};
export const failWith = async ([name, seed]) => {
  throw VALUES[name](chance(seed));
};
export const thenable = (seed) => ({
  // biome-ignore lint/suspicious/noThenProperty: a result that settles as often as it likes is what this is about
  then(resolve, reject) {
    const { is } = chance(seed);
    for (let at = 0; at < 3; at += 1) (is(0.5) ? resolve : reject)(at);
    if (is(0.5)) throw new Error("in then");
  },
});
export const speak = ([name, seed]) => {
  try {
    const message = VALUES[name](chance(seed));
    if (parentPort === null) process.send(message);
    else parentPort.postMessage(message);
  } catch {
    return "could not say it";
  }
  return "said";
};
export const end = (how) => {
  if (how === "exit") process.exit(3);
  if (how === "null")
    queueMicrotask(() => {
      throw null;
    });
  if (how === "kill" && parentPort === null) process.kill(process.pid, "SIGKILL");
  if (how === "kill") process.exit(4);
  return new Promise(() => {});
};
export const never = new Promise(() => {});
export const late = Promise.resolve(() => "late");
