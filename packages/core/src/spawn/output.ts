// Where the workers' output goes. One funnel per destination: many sources, one `drain` listener, and a source is
// paused while its destination is full, so that a slow log cannot fill the supervisor's memory.

import type { Readable, Writable } from "node:stream";

export interface OutputFunnel {
  /** Forwards everything that `source` reads. */
  add(source: Readable): void;
  /** A line of our own about a worker. */
  write(text: string): void;
}

export function createOutputFunnel(destination: Writable): OutputFunnel {
  const paused = new Set<Readable>();
  const resume = (): void => {
    for (const source of paused) source.resume();
    paused.clear();
  };
  return {
    add(source) {
      source.on("data", (chunk: Buffer) => {
        if (destination.destroyed || destination.write(chunk)) return;
        if (paused.size === 0) destination.once("drain", resume);
        paused.add(source);
        source.pause();
      });
    },
    write(text) {
      if (!destination.destroyed) destination.write(text);
    },
  };
}

/** Keeps the last lines of a stream, for the report of a worker that failed. */
export interface Tail {
  add(source: Readable): void;
  write(text: string): void;
  text(): string;
}

const TAIL_LINES = 20;
/** Enough for 20 long lines; a worker that prints one endless line must not fill our memory. */
const TAIL_CHARACTERS = 16_384;

export function createTail(): Tail {
  let text = "";
  const write = (more: string): void => {
    text = (text + more).slice(-TAIL_CHARACTERS);
  };
  return {
    write,
    add(source) {
      source.on("data", (chunk: Buffer) => write(chunk.toString("utf8")));
    },
    text: () => lastLines(text.trimEnd().split("\n")),
  };
}

/** V8 says in one line why it gives up, and then prints a stack that can be longer than all that is kept: the line stays. */
function lastLines(lines: readonly string[]): string {
  const last = lines.slice(-TAIL_LINES);
  const fatal = lines.findLast((line) => line.startsWith("FATAL ERROR:"));
  const isLost = fatal !== undefined && !last.includes(fatal);
  return (isLost ? [fatal, ...last.slice(1)] : last).join("\n");
}
