// What workers have found out about the program, for those that come after them: which of its calls is the public one, which are
// not, whether an entry that exports an application listens itself, and which ports the system gave. The latest word counts.

import type { ToSupervisor } from "./messages.ts";
import { type Learned, NOTHING_LEARNED } from "./wanted.ts";

export class Learning {
  #learned: Learned = NOTHING_LEARNED;

  get learned(): Learned {
    return this.#learned;
  }

  learn({ main, shared, listens }: Extract<ToSupervisor, { readonly brood: "listens" }>): void {
    const { learned } = this;
    const others = new Set([...learned.shared, ...shared]);
    if (main !== null) others.delete(main);
    const isOther = learned.main !== null && others.has(learned.main);
    this.#learned = {
      ...learned,
      main: main ?? (isOther ? null : learned.main),
      shared: [...others],
      listens: listens ?? learned.listens,
    };
  }

  /** A call for any port got this one. */
  gave(key: string, port: number): void {
    this.#learned = { ...this.#learned, ports: { ...this.#learned.ports, [key]: port } };
  }
}
