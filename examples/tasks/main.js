// A pool of threads: run one task, map over many, survive a crash, renew the code while tasks run.

import { createTaskPool } from "@brood/core";

const pool = createTaskPool({
  filename: new URL("./tasks.js", import.meta.url),
  name: "countPrimes",
  minWorkers: 2,
  maxWorkers: 2,
});

console.log(`primes below 100000: ${await pool.run(100_000)}`);

let sum = 0;
for await (const count of pool.map([1_000, 2_000, 3_000])) sum += count;
console.log(`sum of three counts: ${sum}`);

const late = pool.run(60_000, { name: "wait", timeoutMs: 50 });
await late.catch((error) => console.log(`a task that takes too long: ${error.code}`));

const lost = pool.run(null, { name: "crash" });
await lost.catch((error) =>
  console.log(`a worker that exits: ${error.code}, exit code ${error.details.exitCode}`),
);

const running = pool.run(100, { name: "wait" });
const roll = await pool.restart();
console.log(`restart ${roll.result}: generation ${roll.to}, a task that ran meanwhile gave ${await running}`);

await pool.close();
