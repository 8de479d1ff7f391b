// Where the workers' output goes: many workers, one destination, line by line, so that no line is torn by another worker's. A
// worker is always read, or its own writes would block it in the end: what a destination does not take is kept up to a limit,
// then dropped, line by line, and counted where it is missing.

import type { Readable, Writable } from "node:stream";

export interface OutputFunnel {
  /** Forwards everything that `source` reads. */
  add(source: Readable): void;
  /** A line of our own about a worker. */
  write(text: string): void;
}

/** A longer line travels in pieces of this size. */
const LINE_MAX_BYTES = 65_536;
/** Of one destination: some seconds of a busy log. */
const WAITING_MAX_BYTES = 16 * 2 ** 20;

export function createOutputFunnel(destination: Writable): OutputFunnel {
  let dropped = 0;
  const write = (lines: Buffer | string): void => {
    if (destination.destroyed || destination.writableEnded) return;
    if (destination.writableLength > WAITING_MAX_BYTES) {
      dropped += 1;
      if (dropped === 1) destination.once("drain", reportDropped);
      return;
    }
    destination.write(lines);
  };
  const reportDropped = (): void => {
    const text = `brood: output was dropped here ${dropped} times: its destination took none for too long\n`;
    dropped = 0;
    write(text);
  };
  return { write, add: (source) => forwardLines(source, write) };
}

/** Whole lines; the end of one that is never ended comes when the source has ended. Cut between bytes "\n" and, where a line is too
 *  long, before a character: neither is ever inside of one in UTF-8. */
function forwardLines(source: Readable, write: (lines: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  source.on("data", (chunk: Buffer) => {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = all.lastIndexOf(NEWLINE) + 1;
    const cut = all.length - end > LINE_MAX_BYTES ? characterStart(all) : end;
    if (cut > 0) write(all.subarray(0, cut));
    rest = all.subarray(cut);
  });
  const flush = (): void => {
    if (rest.length > 0) write(Buffer.concat([rest, Buffer.from([NEWLINE])]));
    rest = Buffer.alloc(0);
  };
  source.once("end", flush);
  // Without an end: a child of the worker's own holds it open.
  source.once("close", flush);
}

const NEWLINE = 0x0a;

/** Where the last character begins that may not be complete. */
function characterStart(text: Buffer): number {
  let at = text.length - 1;
  while (at > text.length - 4 && (text[at] ?? 0) >= 0x80 && (text[at] ?? 0) < 0xc0) at -= 1;
  return (text[at] ?? 0) >= 0xc0 ? at : text.length;
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
