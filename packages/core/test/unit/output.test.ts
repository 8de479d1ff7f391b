// Many workers write to one destination.

import { PassThrough, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createOutputFunnel } from "../../src/spawn/output.ts";

function collected(): { readonly destination: Writable; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { destination, text: () => Buffer.concat(chunks).toString("utf8") };
}

/** In one piece for each turn of the loop. */
async function say(source: PassThrough, ...pieces: readonly (Buffer | string)[]): Promise<void> {
  for (const piece of pieces) {
    source.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("an output funnel", () => {
  it("keeps the lines of two workers apart, whatever pieces they come in", async () => {
    const { destination, text } = collected();
    const funnel = createOutputFunnel(destination);
    const [one, other] = [new PassThrough(), new PassThrough()];
    funnel.add(one);
    funnel.add(other);
    const letter = Buffer.from("ä");
    await say(one, "first ", letter.subarray(0, 1));
    await say(other, "second\nthi");
    await say(one, letter.subarray(1), "\n");
    await say(other, "rd\n");
    expect(text()).toBe("second\nfirst ä\nthird\n");
  });

  it("ends the line of a worker that ended in the middle of one", async () => {
    const { destination, text } = collected();
    const funnel = createOutputFunnel(destination);
    const [one, other] = [new PassThrough(), new PassThrough()];
    funnel.add(one);
    funnel.add(other);
    await say(one, "cut");
    one.end();
    await say(other, "whole\n");
    expect(text().split("\n").sort()).toEqual(["", "cut", "whole"]);
  });

  it("passes a line without an end on in pieces, none of which ends within a character", async () => {
    const pieces: string[] = [];
    const destination = new Writable({
      write(chunk: Buffer, _, done) {
        pieces.push(chunk.toString("utf8"));
        done();
      },
    });
    const source = new PassThrough({ highWaterMark: 2 ** 20 });
    createOutputFunnel(destination).add(source);
    await say(source, Buffer.from(`a${"€".repeat(30_000)}`).subarray(0, -1));
    expect(pieces.join("")).toBe(`a${"€".repeat(29_999)}`);
  });

  it("goes on reading when the destination takes nothing, drops whole lines and says how often", async () => {
    let go: () => void = () => {};
    const taken: string[] = [];
    const destination = new Writable({
      write(chunk: Buffer, _, done) {
        taken.push(chunk.toString("latin1"));
        go = done;
      },
    });
    const source = new PassThrough();
    createOutputFunnel(destination).add(source);
    const line = `${"x".repeat(2 ** 20 - 1)}\n`;
    for (let count = 0; count < 40; count += 1) await say(source, line);
    expect(source.readableLength).toBe(0);
    expect(destination.writableLength).toBeLessThan(20 * 2 ** 20);
    for (let count = 0; count < 60; count += 1) {
      const next = go;
      go = () => {};
      next();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(taken.at(-1)).toMatch(/^brood: output was dropped here \d+ times/);
    expect(
      taken
        .slice(0, -1)
        .join("")
        .split("\n")
        .every((each) => each === "" || each.length === 2 ** 20 - 1),
    ).toBe(true);
  });
});
