// `fs.watch`: libuv watches anew in a forked process (`uv_loop_fork`), so every worker hears what happens from then on. In the
// template nothing of the application runs after its load: what is heard there is noted, and told to each worker that is forked
// later, or it would keep what it had read before. `fs.watchFile` is refused: a look that is under way in a thread would never end.
// Node's field is undocumented; held-others.test.ts looks on each Node at what is done with it here.

import type { Origin } from "../origins.ts";

const WATCHER = "FSEVENTWRAP";

/** More different ones than anybody has to hear. */
const EVENTS_MAX = 1_000;

type Heard = (this: object, ...parameters: unknown[]) => unknown;

interface Kept {
  readonly handle: object;
  readonly onchange: Heard;
  /** By what they say, each once. */
  readonly events: Map<string, readonly unknown[]>;
}

export function isWatcher({ type }: Origin): boolean {
  return type === WATCHER;
}

export class HeldWatchers {
  readonly #kept: Kept[] = [];

  /** From here on they are silent. */
  hold(origins: readonly Origin[]): void {
    for (const { resource } of origins.filter(isWatcher)) {
      const handle = resource.deref();
      const onchange: unknown = handle === undefined ? undefined : Reflect.get(handle, "onchange");
      if (handle === undefined || typeof onchange !== "function") continue;
      const events = new Map<string, readonly unknown[]>();
      Reflect.set(handle, "onchange", (...parameters: unknown[]) => {
        if (events.size < EVENTS_MAX) events.set(parameters.map(String).join("\0"), parameters);
      });
      this.#kept.push({ handle, onchange: onchange as Heard, events });
    }
  }

  /** In a worker. */
  release(): void {
    for (const { handle, onchange, events } of this.#kept.splice(0)) {
      Reflect.set(handle, "onchange", onchange);
      for (const parameters of events.values())
        process.nextTick(() => Reflect.apply(onchange, handle, parameters));
    }
  }
}
