// Chance that can be drawn again: mulberry32. A fuzzer prints its seed; the same seed makes the same run.

/** @param {number} seed */
export function chance(seed) {
  let state = seed >>> 0;
  const draw = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    draw,
    /** A whole number below `max`. */
    below: (/** @type {number} */ max) => Math.floor(draw() * max),
    /** @template T @param {readonly T[]} list @returns {T} */
    pick: (list) => list[Math.floor(draw() * list.length)],
    is: (/** @type {number} */ share) => draw() < share,
  };
}

/** `--seconds n --seed n` of the command line. */
export function fuzzOptions(/** @type {string[]} */ args) {
  const of = (/** @type {string} */ name, /** @type {number} */ fallback) => {
    const at = args.indexOf(`--${name}`);
    return at === -1 ? fallback : Number(args[at + 1]);
  };
  const options = { seconds: of("seconds", 20), seed: of("seed", Math.floor(Math.random() * 2 ** 31)) };
  if (!(options.seconds > 0) || !Number.isInteger(options.seed))
    throw new Error("use: --seconds n --seed n (a whole number)");
  return options;
}

/** What would end this process, as a list that grows. */
export function faultsOfProcess() {
  /** @type {string[]} */
  const faults = [];
  const said = (/** @type {unknown} */ error) => (error instanceof Error ? error.stack : String(error));
  process.on("unhandledRejection", (error) => faults.push(`unhandled rejection: ${said(error)}`));
  process.on("uncaughtException", (error) => faults.push(`uncaught: ${said(error)}`));
  // An error of the fuzzer's own ends it that way, and would be a run that held.
  process.on("exit", () => {
    if (faults.length === 0 || process.exitCode === 1) return;
    console.log(faults.join("\n"));
    process.exitCode = 1;
  });
  process.on("warning", ({ name, message }) => faults.push(`warning ${name}: ${message}`));
  return faults;
}

/** A text that begins with NOT SETTLED when it takes longer. @template T @param {Promise<T>} promise */
export async function within(promise, /** @type {number} */ boundMs, /** @type {string} */ what) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, boundMs, `NOT SETTLED: ${what}`);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
