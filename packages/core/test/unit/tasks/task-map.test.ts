// `map`: results in order as they come, whatever the source does; the first failure ends it at once.
import { describe, expect, it } from "vitest";
import { TaskMap } from "../../../src/tasks/task-map.ts";

/** Tasks that end when the test says so. */
function world(
  concurrency: number,
  source: Iterable<unknown> | AsyncIterable<unknown>,
  signal: AbortSignal | null = null,
) {
  const open = new Map<unknown, { resolve(value: unknown): void; reject(error: unknown): void }>();
  const aborted: unknown[] = [];
  const map = new TaskMap(source, {
    start: (task, stop) =>
      new Promise((resolve, reject) => {
        open.set(task, { resolve, reject });
        stop.addEventListener("abort", () => aborted.push(task));
      }),
    room: () => null,
    aborted: (reason) => new Error(`aborted: ${reason}`),
    concurrency,
    signal,
  });
  const end = (task: unknown): void => open.get(task)?.resolve(`${task}!`);
  const fail = (task: unknown): void => open.get(task)?.reject(new Error(`${task} failed`));
  return { map, open, aborted, end, fail };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Gives what it is told to, and then nothing for ever. */
async function* live(...values: unknown[]): AsyncGenerator<unknown> {
  yield* values;
  await new Promise(() => {});
}

describe("map", () => {
  it("gives results as they come, in order, while its source has nothing more to give", async () => {
    const { map, open, end } = world(8, live(1, 2));
    const first = map.next();
    await turn();
    expect([...open.keys()]).toEqual([1, 2]);
    end(2);
    end(1);
    expect(await first).toEqual({ done: false, value: "1!" });
    expect(await map.next()).toEqual({ done: false, value: "2!" });
    const waiting = map.next();
    expect(await map.return()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it("reads its source no faster than results are taken", async () => {
    let read = 0;
    const source = function* () {
      for (;;) yield ++read;
    };
    const { map, end } = world(3, source());
    const first = map.next();
    await turn();
    expect(read).toBe(3);
    end(1);
    await first;
    await turn();
    expect(read).toBe(4);
  });

  it("a failure, also of a later task, ends everything at once; what lies in order before it is given", async () => {
    const { map, aborted, end, fail } = world(8, live(1, 2, 3));
    const first = map.next();
    await turn();
    end(1);
    expect(await first).toMatchObject({ value: "1!" });
    const second = map.next();
    fail(3);
    await expect(second).rejects.toThrow("3 failed");
    expect(aborted).toContain(2);
    expect(await map.next()).toEqual({ done: true, value: undefined });
  });

  it("the caller's signal ends it at once, also while it waits for its source", async () => {
    const stop = new AbortController();
    const { map, aborted } = world(8, live(1), stop.signal);
    const first = map.next();
    await turn();
    stop.abort("enough");
    await expect(first).rejects.toThrow("aborted: enough");
    expect(aborted).toEqual([1]);
    const late = world(8, live(1), AbortSignal.abort("before"));
    await expect(late.map.next()).rejects.toThrow("aborted: before");
  });

  it("a source that throws, at once, later, or by having no iterator, fails it", async () => {
    const throws = function* () {
      yield 1;
      throw new Error("no more");
    };
    const { map, end } = world(1, throws());
    const first = map.next();
    end(1);
    expect(await first).toMatchObject({ value: "1!" });
    await expect(map.next()).rejects.toThrow("no more");
    const broken = {
      [Symbol.iterator]() {
        throw new Error("no iterator");
      },
    };
    await expect(world(8, broken).map.next()).rejects.toThrow("no iterator");
  });

  it("closes its source once, when its reader stops, when it fails, and not when it is at its end", async () => {
    const closed: string[] = [];
    const source = function* (name: string, ...values: unknown[]) {
      try {
        yield* values;
      } finally {
        closed.push(name);
      }
    };
    const stopped = world(1, source("stopped", 1, 2));
    void stopped.map.next();
    await stopped.map.return();
    const failed = world(1, source("failed", 1, 2));
    const next = failed.map.next();
    failed.fail(1);
    await expect(next).rejects.toThrow("1 failed");
    expect(closed).toEqual(["stopped", "failed"]);
    const whole = world(1, source("whole", 1));
    const only = whole.map.next();
    whole.end(1);
    await only;
    expect(await whole.map.next()).toMatchObject({ done: true });
    expect(closed).toEqual(["stopped", "failed", "whole"]);
  });
});
