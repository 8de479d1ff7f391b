// What of Node every worker runs, from the fork to ready and at its end, done once where it is forked from. Node 20 brings much
// of its own code uncompiled (what its startup snapshot holds), and each worker would compile for itself what nothing in the
// template has called: a tenth of its time to ready, a quarter of its CPU time at its end, and pages of its own for what all
// could share. Later Nodes bring that compiled.

import { AsyncResource } from "node:async_hooks";
import { EventEmitter, once } from "node:events";
import { performance } from "node:perf_hooks";
import type { Randomness } from "./randomness.ts";

const { setInterval, clearInterval, setTimeout, clearTimeout } = globalThis;

/** A worker draws 1,152 times to renew its chance. After so many times here V8 has compiled that, which takes a worker from
 *  2 or 4 ms to half a one; after fewer it would do so in each worker. */
const RENEWALS = 4;
/** Never reached. */
const LATER_MS = 3_600_000;

export async function rehearse(randomness: Randomness): Promise<void> {
  for (let time = 0; time < RENEWALS; time += 1) randomness.renew();
  stopTimers();
  await listen();
  await abort();
  new AsyncResource("brood:rehearsal").runInAsyncScope(nothing);
  await tick();
  performance.eventLoopUtilization();
  process.hrtime();
  process.cpuUsage();
  Buffer.byteLength("text");
}

/** One turn of Node's ticks. V8 compiles what it has marked as hot when that is called next; after warm-up requests on Node 22
 *  that is their queue, for which each worker took 4 ms before it was ready. So a template calls it once more after its heap has
 *  been collected for the forks, which drops what was compiled so before. */
export function tick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Several, for the order in which Node keeps them. */
function stopTimers(): void {
  const timers = [1, 2, 3, 4].map((times) => setInterval(nothing, times * LATER_MS).unref());
  for (const timer of timers) clearInterval(timer);
  clearTimeout(setTimeout(nothing, LATER_MS));
}

async function listen(): Promise<void> {
  const emitter = new EventEmitter();
  emitter.rawListeners("rehearsed");
  const heard = once(emitter, "event");
  emitter.once("event", nothing).on("event", nothing).on("event", nothing).emit("event");
  emitter.off("event", nothing).removeAllListeners("event").removeAllListeners();
  await heard;
}

/** As draining does; the listener is the application's. */
async function abort(): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = once(new EventEmitter(), "event", { signal }).catch(nothing);
  signal.addEventListener("abort", nothing, { once: true });
  controller.abort();
  await aborted;
}

function nothing(): void {}
