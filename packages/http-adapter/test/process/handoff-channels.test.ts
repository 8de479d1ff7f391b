// The channel of a worker that dies: its last word counts, or a connection that it has read from would go to another one.

import { createFramedLink, nativeSupport } from "@brood/core/native";
import { describe, expect, it } from "vitest";
import { NativeChannels } from "../../src/handoff/channels.ts";
import { decodeToWorker, encode } from "../../src/handoff/messages.ts";
import { within } from "../support/within.ts";

const native = nativeSupport();
if (!native.ok) console.log(`skipped: channels: ${native.reason}`);

describe("messages", () => {
  it("the message of connections has no words, the others keep theirs", () => {
    expect(encode({ type: "Connections" })).toHaveLength(0);
    for (const message of [{ type: "Connections" }, { type: "Release", slot: 3 }, { type: "End" }] as const)
      expect(decodeToWorker(encode(message))).toEqual(message);
  });
});

describe.skipIf(!native.ok)("native channels", () => {
  it("E47: what a worker said before its end is read before its end counts", async () => {
    if (!native.ok) return;
    const { binding } = native;
    const told: string[] = [];
    const channels = new NativeChannels(binding, (worker, message) => told.push(`${worker} ${message.type}`));
    const [link] = channels.open("w1");
    const worker = createFramedLink(binding, binding.duplicate(link?.fd ?? -1), {
      frame: () => {},
      ended: () => {},
    });
    worker.send(encode({ type: "Counts", taken: 3, closed: 0 }));
    worker.close();
    const finished = new Promise<void>((resolve) => {
      channels.finish("w1", () => {
        told.push("finished");
        resolve();
      });
    });
    expect(told).toEqual([]);
    await within("the last word", finished);
    expect(told).toEqual(["w1 Counts", "finished"]);
  });

  it("does not wait for ever for the end of a channel that something else holds open", async () => {
    if (!native.ok) return;
    const { binding } = native;
    const channels = new NativeChannels(binding, () => {});
    const [link] = channels.open("w1");
    const held = binding.duplicate(link?.fd ?? -1);
    await within("the end", new Promise<void>((resolve) => channels.finish("w1", resolve)));
    binding.close(held);
    channels.finish("w2", () => {});
    channels.closeAll();
  });
});
