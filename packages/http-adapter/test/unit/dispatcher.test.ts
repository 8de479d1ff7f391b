// Where accepted connections go: the scripts of E47 and 64, the three balances, and the rules under random histories.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Balance } from "../../src/handoff/balance.ts";
import {
  type Dispatched,
  Dispatcher,
  FULL_MS,
  STALLED_MS,
  UNSENT_MS,
  WINDOW,
} from "../../src/handoff/dispatcher.ts";
import type { WorkerId } from "../../src/handoff/names.ts";

const dispatcherOf = (
  balance: Balance = "least-connections",
  maxHeld = 8,
  holdTimeoutMs = 1_000,
  lookEveryMs: number | null = null,
): Dispatcher => new Dispatcher({ balance, maxHeld, holdTimeoutMs, lookEveryMs });

function accept(
  dispatcher: Dispatcher,
  ids: readonly number[],
  key: string | null = null,
  atMs = 0,
): Dispatched {
  for (const id of ids) dispatcher.accepted(id, key, atMs);
  return dispatcher.dispatch(atMs);
}

const sentOf = ({ sent }: Dispatched): Record<string, readonly number[]> => Object.fromEntries(sent);
const range = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index);

describe("dispatcher", () => {
  it("takes back what could not be sent, and sends it to others, or again after a while", () => {
    const dispatcher = dispatcherOf();
    dispatcher.ready("w1", 0);
    expect(sentOf(accept(dispatcher, [1, 2, 3]))).toEqual({ w1: [1, 2, 3] });
    dispatcher.unsent("w1", 2, 0);
    expect(sentOf(dispatcher.dispatch(0))).toEqual({});
    expect(dispatcher.held).toBe(2);
    expect(dispatcher.nextDeadlineAtMs()).toBe(UNSENT_MS);
    expect(sentOf(dispatcher.dispatch(UNSENT_MS))).toEqual({ w1: [2, 3] });
    dispatcher.unsent("w1", 2, UNSENT_MS);
    dispatcher.ready("w2", 1);
    expect(sentOf(dispatcher.dispatch(UNSENT_MS))).toEqual({ w2: [2, 3] });
  });

  it("holds connections until a worker is ready, and refuses those that come too late or wait too long", () => {
    const dispatcher = dispatcherOf("least-connections", 2);
    expect(accept(dispatcher, [1, 2, 3])).toEqual({
      sent: new Map(),
      refused: [3],
      returned: [],
    });
    expect(dispatcher.nextDeadlineAtMs()).toBe(1_000);
    expect(dispatcher.dispatch(999).refused).toEqual([]);
    dispatcher.accepted(4, null, 999);
    expect(dispatcher.dispatch(1_000).refused).toEqual([1, 2]);
    dispatcher.ready("w1", 0);
    expect(sentOf(dispatcher.dispatch(1_500))).toEqual({ w1: [4] });
    expect(dispatcher.nextDeadlineAtMs()).toBeNull();
  });

  it("E47, 64: what a dead worker had not taken goes to another one first; what it had taken is not sent twice", () => {
    const dispatcher = dispatcherOf();
    dispatcher.ready("w1", 0);
    expect(sentOf(accept(dispatcher, [1, 2, 3]))).toEqual({ w1: [1, 2, 3] });
    expect(dispatcher.counted("w1", 1, 0)).toEqual([1]);
    expect(dispatcher.exited("w1")).toBe(2);
    dispatcher.accepted(4, null, 5);
    expect(dispatcher.dispatch(5).sent.size).toBe(0);
    dispatcher.ready("w2", 0);
    expect(sentOf(dispatcher.dispatch(6))).toEqual({ w2: [2, 3, 4] });
  });

  it("G68: what a draining worker passes on goes to the newest generation that is ready, the least busy first", () => {
    const dispatcher = dispatcherOf();
    dispatcher.ready("w1", 0, 1);
    dispatcher.ready("w2", 1, 2);
    dispatcher.ready("w3", 2, 2);
    // Connections of its own count too.
    dispatcher.counted("w2", 0, 0, 2);
    for (const id of [1, 2, 3]) dispatcher.moved(id, null, 0);
    expect(sentOf(dispatcher.dispatch(0))).toEqual({ w3: [1, 2], w2: [3] });
    dispatcher.draining("w2");
    dispatcher.draining("w3");
    dispatcher.moved(4, null, 1);
    expect(sentOf(dispatcher.dispatch(1))).toEqual({ w1: [4] });
  });

  it("a moved connection is held while nobody is ready, and keeps the worker of its key", () => {
    const dispatcher = dispatcherOf("sticky", 8, Number.POSITIVE_INFINITY);
    const keys = ["a", "b", "c", "d"];
    for (const [index, key] of keys.entries()) dispatcher.moved(index, key, 0);
    expect(dispatcher.dispatch(0)).toEqual({ sent: new Map(), refused: [], returned: [] });
    expect(dispatcher.hasReady).toBe(false);
    dispatcher.ready("w1", 0);
    dispatcher.ready("w2", 1);
    const first = sentOf(dispatcher.dispatch(1_000_000));
    expect(Object.values(first).flat().sort()).toEqual([0, 1, 2, 3]);
    for (const [index, key] of keys.entries()) dispatcher.accepted(10 + index, key, 1_000_001);
    const again = sentOf(dispatcher.dispatch(1_000_001));
    for (const worker of ["w1", "w2"])
      expect(again[worker]).toEqual(first[worker]?.map((index) => 10 + index));
  });

  it("a full worker's connections go to others; a moved one returns when there are none, and is tried again later", () => {
    const dispatcher = dispatcherOf();
    dispatcher.ready("w1", 0);
    dispatcher.ready("w2", 1);
    accept(dispatcher, [1, 2]);
    expect(dispatcher.full("w1", 5)).toBe(1);
    expect(sentOf(dispatcher.dispatch(5))).toEqual({ w2: [1] });
    dispatcher.draining("w2");
    dispatcher.moved(3, null, 6);
    dispatcher.accepted(4, null, 6);
    expect(dispatcher.dispatch(6)).toEqual({ sent: new Map(), refused: [], returned: [3] });
    expect(dispatcher.nextDeadlineAtMs()).toBe(5 + FULL_MS);
    expect(sentOf(dispatcher.dispatch(5 + FULL_MS))).toEqual({ w1: [4] });
  });

  it("a draining worker gets nothing more, and may still take what is on its way", () => {
    const dispatcher = dispatcherOf();
    dispatcher.ready("w1", 0);
    dispatcher.ready("w2", 1);
    accept(dispatcher, [1]);
    dispatcher.draining("w1");
    expect(sentOf(accept(dispatcher, [2, 3]))).toEqual({ w2: [2, 3] });
    expect(dispatcher.counted("w1", 1, 0)).toEqual([1]);
    expect(dispatcher.exited("w1")).toBe(0);
  });

  it("back-pressure: a worker that takes nothing gets its window, then the kernel keeps the rest", () => {
    const dispatcher = dispatcherOf("least-connections", 8);
    dispatcher.ready("w1", 0);
    expect(sentOf(accept(dispatcher, range(1, WINDOW + 3)))["w1"]).toHaveLength(WINDOW);
    expect([dispatcher.held, dispatcher.room]).toEqual([3, 5]);
    accept(dispatcher, range(1_000, 5));
    expect(dispatcher.room).toBe(0);
    expect(dispatcher.counted("w1", 4, 0)).toEqual([1, 2, 3, 4]);
    expect(sentOf(dispatcher.dispatch(1))["w1"]).toHaveLength(4);
    expect(dispatcher.room).toBe(4);
  });

  it("a worker that has taken nothing for a while gets nothing more, until it takes something or everybody stands still", () => {
    const dispatcher = dispatcherOf("round-robin");
    dispatcher.ready("w1", 0);
    dispatcher.ready("w2", 1);
    expect(sentOf(accept(dispatcher, [1, 2]))).toEqual({ w1: [1], w2: [2] });
    dispatcher.counted("w2", 1, 0);
    const later = STALLED_MS + 1;
    expect(sentOf(accept(dispatcher, [3, 4], null, later))).toEqual({ w2: [3, 4] });
    expect(sentOf(accept(dispatcher, [5], null, 2 * later))).toEqual({});
    dispatcher.counted("w1", 1, 0);
    expect(sentOf(dispatcher.dispatch(2 * later))).toEqual({ w1: [5] });
  });

  it("wants to look again while something is on its way, also to a worker that drains, and not otherwise", () => {
    const dispatcher = dispatcherOf("least-connections", 8, 1_000, 4);
    expect(accept(dispatcher, [1], null, 10).sent.size).toBe(0);
    expect(dispatcher.nextDeadlineAtMs()).toBe(1_010);
    dispatcher.ready("w1", 0);
    expect(sentOf(dispatcher.dispatch(20))).toEqual({ w1: [1] });
    expect(dispatcher.nextDeadlineAtMs()).toBe(24);
    dispatcher.draining("w1");
    accept(dispatcher, [2], null, 23);
    expect(dispatcher.nextDeadlineAtMs()).toBe(27);
    dispatcher.counted("w1", 1, 0);
    expect(dispatcher.nextDeadlineAtMs()).toBe(1_023);
    dispatcher.ready("w2", 0);
    dispatcher.dispatch(30);
    dispatcher.exited("w2");
    expect(dispatcher.nextDeadlineAtMs()).toBe(1_023);
  });

  it("holds nothing with maxHeld 0, and serves all the same", () => {
    const dispatcher = dispatcherOf("least-connections", 0);
    expect(accept(dispatcher, [1]).refused).toEqual([1]);
    dispatcher.ready("w1", 0);
    expect(dispatcher.room).toBe(WINDOW);
    expect(sentOf(accept(dispatcher, [2]))).toEqual({ w1: [2] });
  });

  it("least-connections: the emptiest first, equal ones in turn", () => {
    const dispatcher = dispatcherOf();
    for (const [slot, worker] of (["w1", "w2", "w3"] as const).entries()) dispatcher.ready(worker, slot);
    expect(sentOf(accept(dispatcher, [1, 2, 3, 4]))).toEqual({ w1: [1, 4], w2: [2], w3: [3] });
    dispatcher.counted("w1", 2, 2);
    dispatcher.counted("w2", 1, 0);
    expect(sentOf(accept(dispatcher, [5]))).toEqual({ w1: [5] });
  });

  it("round-robin: in turn, whatever they hold", () => {
    const dispatcher = dispatcherOf("round-robin");
    dispatcher.ready("w1", 0);
    dispatcher.ready("w2", 1);
    expect(sentOf(accept(dispatcher, [1, 2, 3]))).toEqual({ w1: [1, 3], w2: [2] });
    dispatcher.counted("w1", 2, 0);
    expect(sentOf(accept(dispatcher, [4, 5]))).toEqual({ w2: [4], w1: [5] });
  });

  it("sticky: a client stays with its slot, over a replacement too; a client without a key goes anywhere", () => {
    const dispatcher = dispatcherOf("sticky");
    for (const slot of range(0, 4)) dispatcher.ready(`w${slot}`, slot);
    const [first] = accept(dispatcher, [1], "10.0.0.7").sent.keys();
    expect([...accept(dispatcher, [2, 3], "10.0.0.7").sent.keys()]).toEqual([first]);
    const slot = Number(first?.slice(1));
    dispatcher.ready("w9", slot);
    expect([...accept(dispatcher, [4], "10.0.0.7").sent.keys()]).toEqual(["w9"]);
    expect(accept(dispatcher, range(10, 4)).sent.size).toBe(4);
  });

  it("sticky: a slot less moves only its own clients, and clients are spread", () => {
    const keys = range(0, 400).map((index) => `10.0.${index % 7}.${index}`);
    const placesWith = (slots: readonly number[]): readonly string[] => {
      const dispatcher = dispatcherOf("sticky");
      for (const slot of slots) dispatcher.ready(`w${slot}`, slot);
      return keys.map((key, id) => {
        const [worker = ""] = accept(dispatcher, [id], key).sent.keys();
        dispatcher.counted(worker as WorkerId, 1_000, 1_000);
        return worker;
      });
    };
    const four = placesWith([0, 1, 2, 3]);
    const three = placesWith([0, 1, 3]);
    for (const [index, worker] of four.entries()) if (worker !== "w2") expect(three[index]).toBe(worker);
    for (const slot of range(0, 4)) {
      const share = four.filter((worker) => worker === `w${slot}`).length;
      expect(share).toBeGreaterThan(60);
      expect(share).toBeLessThan(140);
    }
  });

  it.each(["least-connections", "round-robin", "sticky"] as const)(
    "%s: in any history a connection is in one place, no window or queue overflows, only ready workers get any",
    (balance) => {
      fc.assert(
        fc.property(fc.array(fc.tuple(fc.nat(6), fc.nat(5), fc.nat(300)), { maxLength: 150 }), (choices) => {
          const history = new RandomHistory(balance);
          for (const [kind, which, amount] of choices) history.act(kind, which, amount);
          history.end();
        }),
        { numRuns: 100 },
      );
    },
    60_000,
  );
});

class RandomHistory {
  readonly #dispatcher: Dispatcher;
  readonly #workers = new Map<
    WorkerId,
    { isReady: boolean; untaken: number[]; taken: number; closed: number }
  >();
  readonly #places = new Map<number, string>();
  #next = 1;
  #atMs = 0;

  constructor(balance: Balance) {
    this.#dispatcher = dispatcherOf(balance, 16, 500, balance === "sticky" ? 4 : null);
  }

  act(kind: number, which: number, amount: number): void {
    const [id, worker] = [...this.#workers][which % Math.max(1, this.#workers.size)] ?? [];
    if (kind === 0) this.#ready(which % 3);
    else if (kind === 1 && id && worker?.isReady) {
      worker.isReady = false;
      this.#dispatcher.draining(id);
    } else if (kind === 2 && id && worker) {
      expect(this.#dispatcher.exited(id)).toBe(worker.untaken.length);
      for (const each of worker.untaken) this.#places.set(each, "held");
      this.#workers.delete(id);
    } else if (kind === 3 && id && worker) this.#count(id, amount);
    else if (kind === 4) this.#atMs += amount;
    else this.#accept(Math.min(amount, this.#dispatcher.room));
    this.#dispatch();
  }

  end(): void {
    const held = [...this.#places].filter(([, place]) => place === "held").map(([id]) => id);
    expect([...this.#dispatcher.giveUp()].sort(byNumber)).toEqual(held.sort(byNumber));
  }

  #ready(slot: number): void {
    const id: WorkerId = `w${this.#next++}`;
    this.#workers.set(id, { isReady: true, untaken: [], taken: 0, closed: 0 });
    this.#dispatcher.ready(id, slot);
  }

  #accept(count: number): void {
    for (let index = 0; index < count; index += 1) {
      const id = this.#next++;
      this.#places.set(id, "held");
      this.#dispatcher.accepted(id, id % 4 === 0 ? null : `client-${id % 9}`, this.#atMs);
    }
  }

  #count(id: WorkerId, amount: number): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    const taken = worker.untaken.splice(0, amount % (worker.untaken.length + 1));
    worker.taken += taken.length;
    worker.closed = Math.min(worker.taken, worker.closed + (amount % 3));
    expect(this.#dispatcher.counted(id, worker.taken, worker.closed)).toEqual(taken);
    for (const each of taken) this.#places.set(each, "taken");
  }

  #dispatch(): void {
    const { sent, refused } = this.#dispatcher.dispatch(this.#atMs);
    for (const [id, connections] of sent) {
      const worker = this.#workers.get(id);
      expect(worker?.isReady).toBe(true);
      for (const each of connections) this.#move(each, id);
      worker?.untaken.push(...connections);
      expect(worker?.untaken.length).toBeLessThanOrEqual(WINDOW);
    }
    for (const each of refused) this.#move(each, "refused");
    expect(this.#dispatcher.held).toBeLessThanOrEqual(16);
    const dueAtMs = this.#dispatcher.nextDeadlineAtMs();
    expect(dueAtMs === null || dueAtMs > this.#atMs).toBe(true);
  }

  #move(id: number, to: string): void {
    // Not `expect`, which takes longer than the dispatcher.
    if (this.#places.get(id) !== "held") throw new Error(`${id} goes to ${to} from ${this.#places.get(id)}`);
    this.#places.set(id, to);
  }
}

function byNumber(a: number, b: number): number {
  return a - b;
}
