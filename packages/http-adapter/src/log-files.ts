// `--stdout` and `--stderr`: a file to append to that can be opened again, so that logrotate may move it away.
// The workers' output passes through the supervisor then: it holds the only descriptor, one HUP reopens for all.
// A full disk must not take a server down: what cannot be written is dropped, said once, and tried anew next time.

import { closeSync, constants, openSync, write } from "node:fs";
import { Writable } from "node:stream";
import { PoolError } from "@brood/core/errors";
import { checkFileKind } from "./file-kind.ts";

const FILE_MODE = 0o644;
/** O_NONBLOCK: should the path have become a FIFO since it was looked at, this fails instead of waiting for a reader. */
const OPEN_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

export class LogFile extends Writable {
  readonly #option: "stdout" | "stderr";
  readonly #path: string;
  #descriptor: number;
  /** Reopened while a write was under way: taken when it is done, else that write would go to a closed descriptor. */
  #nextDescriptor: number | null = null;
  #isWriting = false;
  #isFailing = false;

  /** @throws PoolError BROOD_BAD_OPTION when it cannot be opened. */
  constructor(option: "stdout" | "stderr", path: string) {
    super({ decodeStrings: true });
    this.#option = option;
    this.#path = path;
    checkFileKind(option, path);
    try {
      this.#descriptor = openSync(path, OPEN_FLAGS, FILE_MODE);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `option ${option}: got ${JSON.stringify(path)}, expected a file that can be written (${reason})`;
      throw new PoolError("BROOD_BAD_OPTION", message, { details: { option, value: path }, cause });
    }
  }

  /** Goes on in the file that is at the path now. @throws when it cannot be opened; the old one is kept then. */
  reopen(): void {
    if (this.destroyed) return;
    checkFileKind(this.#option, this.#path);
    const descriptor = openSync(this.#path, OPEN_FLAGS, FILE_MODE);
    if (this.#nextDescriptor !== null) closeSync(this.#nextDescriptor);
    this.#nextDescriptor = descriptor;
    if (!this.#isWriting) this.#takeNext();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#isWriting = true;
    this.#writeFrom(chunk, 0, () => {
      this.#isWriting = false;
      this.#takeNext();
      done();
    });
  }

  /** What came meanwhile, in one write: a thread's output comes line by line. */
  override _writev(
    writes: readonly { readonly chunk: Buffer }[],
    done: (error?: Error | null) => void,
  ): void {
    this._write(Buffer.concat(writes.map(({ chunk }) => chunk)), "buffer", done);
  }

  /** Comes after the last write: it is ended, never destroyed early. */
  override _final(done: (error?: Error | null) => void): void {
    this.#takeNext();
    closeSync(this.#descriptor);
    done();
  }

  #takeNext(): void {
    if (this.#nextDescriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = this.#nextDescriptor;
    this.#nextDescriptor = null;
  }

  #writeFrom(chunk: Buffer, offset: number, done: () => void): void {
    write(this.#descriptor, chunk, offset, chunk.length - offset, null, (error, written) => {
      if (error !== null) this.#reportLoss(error);
      else if (offset + written < chunk.length) return this.#writeFrom(chunk, offset + written, done);
      else this.#isFailing = false;
      done();
    });
  }

  #reportLoss(error: Error): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    process.stderr.write(`brood: output is lost, ${this.#path} cannot be written: ${error.message}\n`);
  }
}
