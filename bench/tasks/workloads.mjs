// What is measured of one pool. Each returns one number; a pool that cannot do it returns null.

/** Trivial tasks, all submitted at once: tasks/s. */
export async function burst(pool, { scale }) {
  const count = Math.ceil(50_000 * scale);
  const beganAtMs = performance.now();
  await Promise.all(Array.from({ length: count }, (_, index) => pool.run("noop", index)));
  return (count / (performance.now() - beganAtMs)) * 1_000;
}

/** The same bursts for two seconds: the first one of a pool that needs a tenth of a second for it is mostly Node compiling and
 *  growing its heap, which one that needs two seconds does not feel. Tasks/s. */
export async function sustained(pool, { scale }) {
  const beganAtMs = performance.now();
  let count = 0;
  do {
    count += 50_000;
    await Promise.all(Array.from({ length: 50_000 }, (_, index) => pool.run("noop", index)));
  } while (performance.now() - beganAtMs < 2_000 * scale);
  return (count / (performance.now() - beganAtMs)) * 1_000;
}

/** One task after the other: microseconds each, the median. */
export async function serial(pool, { scale }) {
  const times = [];
  for (let index = 0; index < 3_000 * scale; index += 1) {
    const beganAtMs = performance.now();
    await pool.run("noop", index);
    times.push((performance.now() - beganAtMs) * 1_000);
  }
  return percentile(times, 0.5);
}

/** Tasks of 1 ms of CPU: the share of the ideal, workers x 1000/s. */
export async function cpu(pool, { workers, scale }) {
  const count = Math.ceil(1_500 * scale) * workers;
  const beganAtMs = performance.now();
  await Promise.all(Array.from({ length: count }, () => pool.run("spin", 1)));
  return count / (performance.now() - beganAtMs) / workers;
}

/** One task in 20 takes 50 ms, the others 1 ms, 2 x workers under way: the p99 of the short ones in milliseconds. */
export async function mixed(pool, { workers, scale }) {
  const times = [];
  let next = 0;
  const count = Math.ceil(2_000 * scale);
  const client = async () => {
    while (next < count) {
      const isLong = next++ % 20 === 0;
      const beganAtMs = performance.now();
      await pool.run("spin", isLong ? 50 : 1);
      if (!isLong) times.push(performance.now() - beganAtMs);
    }
  };
  await Promise.all(Array.from({ length: 2 * workers }, client));
  return percentile(times, 0.99);
}

/** Buffers of 1 MB, moved to the worker: buffers/s. */
export async function transfer(pool, { scale, system }) {
  if (!/brood threads|piscina|tinypool threads|workerpool threads|poolifier threads/.test(system))
    return null;
  const count = Math.ceil(2_000 * scale);
  const beganAtMs = performance.now();
  for (let sent = 0; sent < count; sent += 8) {
    const round = Array.from({ length: 8 }, () => {
      const buffer = new ArrayBuffer(2 ** 20);
      return pool.run("size", buffer, [buffer]);
    });
    await Promise.all(round);
  }
  return (count / (performance.now() - beganAtMs)) * 1_000;
}

/** A new worker for each task: tasks/s. */
export async function isolate(pool, { workers, scale }) {
  const count = Math.max(2, Math.ceil(10 * scale)) * workers;
  const beganAtMs = performance.now();
  await Promise.all(Array.from({ length: count }, (_, index) => pool.run("noop", index)));
  return (count / (performance.now() - beganAtMs)) * 1_000;
}

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
