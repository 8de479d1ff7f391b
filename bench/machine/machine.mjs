// The pure machine by itself: events per second on one core with 10, 1,000 and 10,000 slots, and its memory per slot.
// No process, no timer, no I/O: what remains is what each event costs the supervisor. The cost per event should hardly
// depend on the number of slots; the goal is at most twice as much with 10,000 as with 10.
// Taken is CPU time, not the time of the clock: a pure computation waits for nothing, and what else runs on the host is not
// its cost. The garbage collector is: it runs on the same thread (`--single-threaded-gc`), as on a host with one core.
// Each size has a process of its own, so that none meets the code and the heap that another one has left; sizes take
// turns, and the best of all turns counts.
//   pnpm bench:machine

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { heading, table } from "../lib/report.mjs";

const WORKS = ["heartbeats", "respawns", "rolls"];
const SIZES = [10, 1_000, 10_000];
const TURNS = 3;
const EVENTS_GOAL = 500_000;
const RATIO_GOAL = 2;
const MEASURE = fileURLToPath(new URL("./measure.mjs", import.meta.url));

function measure(work, slots) {
  const output = execFileSync(process.execPath, ["--single-threaded-gc", MEASURE, work, String(slots)]);
  return JSON.parse(output.toString());
}

/** Of the largest size; each measurement has taken it. */
let bytesPerSlot = 0;

/** The best of each size. */
function ratesOf(work) {
  const rates = SIZES.map(() => 0);
  for (let turn = 0; turn < TURNS; turn += 1)
    for (const [index, size] of SIZES.entries()) {
      const { rate, bytes } = measure(work, size);
      rates[index] = Math.max(rates[index], rate);
      bytesPerSlot = bytes;
    }
  return rates;
}

const rows = WORKS.map((work) => {
  const rates = ratesOf(work);
  const ratio = rates[0] / rates.at(-1);
  const isMet = rates.every((rate) => rate > EVENTS_GOAL) && ratio <= RATIO_GOAL;
  return [
    work,
    ...rates.map((rate) => Math.round(rate).toLocaleString("en")),
    ratio.toFixed(2),
    isMet ? "met" : "missed",
  ];
});
heading("The machine: events per second on one core", [
  `goals: more than ${EVENTS_GOAL.toLocaleString("en")} events/s, cost ratio at most ${RATIO_GOAL}`,
]);
table(["", ...SIZES.map((size) => `${size.toLocaleString("en")} slots`), "cost ratio", "goals"], rows);
console.log(`memory: ${Math.round(bytesPerSlot)} bytes a slot at ${SIZES.at(-1).toLocaleString("en")} slots`);
