// What forked workers write to, so that their younger siblings have it copied when they are born instead of page by page
// while users wait (native/src/written.c). The first worker of a template notes it for all: when it is ready, and again when
// it has served for a while, or rehearsed what serving is if nobody came. In a restart that is the canary, and the second
// time is just before the others are forked.

import type { Binding } from "../native/index.ts";

const { setTimeout } = globalThis;

/** Room for both notes. */
const BYTES = 65_536;

const WHEN_READY = 0;
const WHEN_AT_WORK = 1;

/** Before the followers of a canary are forked, which is half of the default `minHealthyMs` of 1 s at the earliest. */
const SERVED_AFTER_MS = 400;
/** CPU time since it was ready: less than some dozen requests take. */
const WORK_MICROSECONDS = 50_000;

export class WrittenPages {
  readonly #binding: Binding;
  /** Shared by the template and all that is forked from it. */
  readonly memory: ArrayBuffer;

  constructor(binding: Binding) {
    const descriptor = binding.pageCreate(BYTES);
    this.#binding = binding;
    this.memory = binding.pageMap(descriptor);
    binding.close(descriptor);
  }

  /** In each forked worker, when all that makes it ready is done.
   *  @param rehearse does what serving does, without the application */
  ready(rehearse: () => Promise<void>): void {
    if (!this.#note(WHEN_READY)) return;
    const before = process.cpuUsage();
    const served = async (): Promise<void> => {
      const { user, system } = process.cpuUsage(before);
      if (user + system < WORK_MICROSECONDS) await rehearse();
      this.#note(WHEN_AT_WORK);
    };
    // Without it the next workers copy their pages one by one.
    setTimeout(() => void served().catch(() => {}), SERVED_AFTER_MS).unref();
  }

  /** True when nobody else has. False also where a sandbox hides /proc/self/pagemap. */
  #note(stage: number): boolean {
    try {
      return this.#binding.noteWritten(this.memory, stage);
    } catch {
      return false;
    }
  }
}
