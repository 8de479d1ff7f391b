// The kernel's list of sockets that share a port, as steering has to know it.
import { describe, expect, it } from "vitest";
import { ReuseportGroup } from "../../src/handoff/reuseport-group.ts";

describe("reuseport group", () => {
  it("counts in the order in which they began to listen; the last takes a closed one's place", () => {
    const group = new ReuseportGroup();
    for (const slot of [0, 1, 2, 3]) group.add(slot);
    expect(group.indexesOf([3, 1])).toEqual([3, 1]);
    group.remove(1);
    expect(group.indexesOf([0, 1, 2, 3])).toEqual([0, 2, 1]);
    group.remove(2);
    expect(group.indexesOf([0, 3])).toEqual([0, 1]);
    group.add(1);
    expect(group.indexesOf([0, 1, 3])).toEqual([0, 2, 1]);
  });
});
