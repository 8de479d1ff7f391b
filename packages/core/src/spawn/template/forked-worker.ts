// One forked worker as the supervisor has it: its link, its output, and a pidfd, which tells its end and takes signals
// without ever hitting a stranger. It is `born` when the pidfd is known, from the template or from itself, whichever comes
// first. Its link's end before that means: no process has the other end, so none was made, or it is gone already.

import { Socket } from "node:net";
import { createFrameWriter, createWorkerFrameReader } from "../../link/frames.ts";
import { decodeJson, encodeJson } from "../../link/json-frame.ts";
import type { SupervisorMessage } from "../../link/protocol.ts";
import {
  createFramedLink,
  type FramedLink,
  type ProcessEnd,
  type ProcessWatch,
  watchProcess,
} from "../../native/index.ts";
import type { WorkerHandle, WorkerSink } from "../../ports/spawn-strategy.ts";
import { LINK_GRACE_MS, STDERR_GRACE_MS } from "../fresh-process.ts";
import { createTail } from "../output.ts";
import type { TemplateSetting } from "./template-strategy.ts";

export class ForkedWorker implements WorkerHandle {
  readonly #setting: TemplateSetting;
  readonly #sink: WorkerSink;
  readonly #bury: () => void;
  readonly #link: FramedLink;
  readonly #writer = createFrameWriter<SupervisorMessage>();
  readonly #reader = createWorkerFrameReader();
  readonly #tail = createTail();
  /** Its stderr; its stdout, where that is not inherited. */
  readonly #outputs: readonly Socket[];
  /** Closed, it tells the worker that its supervisor is gone: by `#finish`, or by the kernel when this process or thread ends. */
  readonly #closeLifeline: () => void;
  /** The worker's ends, to be passed on: link, lifeline, stderr, stdout if it is not inherited. */
  readonly ends: readonly number[];
  #watch: ProcessWatch | null = null;
  #isLinkOpen = true;
  #isTemplateGone = false;
  #isKilled = false;
  #hasEnded = false;
  /** Set when its process has ended and its last words are still to be read. */
  #whenRead: (() => void) | null = null;

  /** @param bury called once, when nothing more is to be known of it
   *  @throws the operating system's error when there are no descriptors left */
  constructor(setting: TemplateSetting, sink: WorkerSink, bury: () => void) {
    this.#setting = setting;
    this.#sink = sink;
    this.#bury = bury;
    const { binding, stdout, stderr } = setting;
    const pairs: (readonly [number, number])[] = [];
    try {
      for (let count = stdout === null ? 2 : 3; count > 0; count -= 1) pairs.push(binding.socketPair());
      const [theirs, ours] = binding.lifelineCreate();
      pairs.splice(1, 0, [ours, theirs]);
    } catch (error) {
      for (const fd of pairs.flat()) binding.close(fd);
      throw error;
    }
    const [link, lifeline, errors, output] = pairs;
    if (link === undefined || lifeline === undefined || errors === undefined)
      throw new Error("no socket pairs");
    this.ends = pairs.map(([, theirs]) => theirs);
    const held = binding.watchStart(lifeline[0], 0, () => {});
    this.#closeLifeline = () => {
      binding.watchStop(held);
      binding.close(lifeline[0]);
    };
    this.#link = createFramedLink(binding, link[0], {
      frame: (payload, descriptors) => this.#read(payload, descriptors),
      ended: (error) => this.#linkEnded(error),
    });
    const [said, printed] = [reader(errors[0]), output === undefined ? null : reader(output[0])];
    this.#tail.add(said);
    stderr.add(said);
    if (printed !== null) stdout?.add(printed);
    this.#outputs = printed === null ? [said] : [said, printed];
    for (const each of this.#outputs) each.once("close", () => this.#reportWhenRead());
  }

  /** They were sent, or never will be. */
  closeEnds(): void {
    for (const fd of this.ends) this.#setting.binding.close(fd);
  }

  /** @param handle  what has a descriptor, a copy of which goes along */
  send(message: SupervisorMessage, handle?: unknown): boolean {
    if (!this.#isLinkOpen) return false;
    const descriptors = descriptorsOf(handle);
    return this.#writer.write(message, (frame) => this.#link.send(encodeJson(frame), descriptors));
  }

  examine(): void {
    this.#watch?.signal("SIGURG");
  }

  /** Before it is born nobody knows whether there will be a process; should one come, it is ended then. */
  kill(): void {
    this.#isKilled = true;
    if (this.#watch !== null) return void this.#watch.signal("SIGKILL");
    this.#closeLink();
    this.#finish(() => this.#sink.exited({ exitCode: null, signal: "SIGKILL", stderr: "" }));
  }

  born(pid: number, pidfd: number): void {
    if (this.#watch !== null) return this.#setting.binding.close(pidfd);
    this.#watch = watchProcess(this.#setting.binding, pidfd, (end) => this.#ended(end));
    if (this.#isKilled) this.#watch.signal("SIGKILL");
    if (!this.#hasEnded) this.#sink.spawned(pid);
  }

  /** It will not be forked. */
  refused(message: string): void {
    if (this.#watch !== null) return;
    this.#closeLink();
    this.#finish(() => this.#sink.failed(new Error(message)));
    this.#bury();
  }

  /** Nobody will answer any more: with its link ended as well, there is no process. */
  templateGone(): void {
    this.#isTemplateGone = true;
    if (!this.#isLinkOpen) this.refused("the template died before it had forked this worker");
  }

  #read(payload: Buffer, descriptors: readonly number[]): void {
    const reading = this.#reader.read(decodeJson(payload));
    const [pidfd, ...rest] = descriptors;
    for (const each of rest) this.#setting.binding.close(each);
    if (pidfd !== undefined) {
      if (reading.kind === "message" && reading.message.type === "Hello")
        this.born(reading.message.pid, pidfd);
      else this.#setting.binding.close(pidfd);
    }
    if (this.#hasEnded) return;
    if (reading.kind === "message") this.#sink.message(reading.message);
    else if (reading.kind !== "duplicate") this.#sink.violated(detailOf(reading));
  }

  #linkEnded(error: Error | null): void {
    this.#isLinkOpen = false;
    if (isBreach(error) && !this.#hasEnded) this.#sink.violated(error.message);
    this.#reportWhenRead();
    if (this.#watch === null) {
      if (this.#isTemplateGone) this.templateGone();
      return;
    }
    const patience = setTimeout(() => {
      if (!this.#hasEnded && this.#whenRead === null)
        this.#sink.violated("it closed its link and went on running");
    }, LINK_GRACE_MS);
    patience.unref();
  }

  /** The process has ended. What it said and wrote last is read first: both streams end by themselves now, unless a child
   *  of the worker's own holds its stderr open. */
  #ended({ exitCode, signal }: ProcessEnd): void {
    const report = (): void => {
      clearTimeout(patience);
      this.#whenRead = null;
      this.#closeLink();
      this.#finish(() => this.#sink.exited({ exitCode, signal, stderr: this.#tail.text() }));
      for (const each of this.#outputs) each.destroy();
    };
    const patience = setTimeout(report, STDERR_GRACE_MS);
    this.#whenRead = report;
    this.#reportWhenRead();
    this.#watch?.close();
    this.#bury();
  }

  #reportWhenRead(): void {
    const isRead = this.#outputs.every((each) => each.readableEnded || each.destroyed);
    if (!this.#isLinkOpen && isRead) this.#whenRead?.();
  }

  #closeLink(): void {
    this.#isLinkOpen = false;
    this.#link.close();
  }

  #finish(report: () => void): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#closeLifeline();
    report();
  }
}

function reader(fd: number): Socket {
  const socket = new Socket({ fd, readable: true, writable: false });
  // The worker's end may be reset when it dies with output that nobody reads; there is nothing to be done.
  socket.on("error", () => {});
  return socket;
}

/** The other end wrote what is no frame; any other error is this process's own trouble. */
export function isBreach(error: Error | null): error is Error {
  return error !== null && "code" in error && error.code === "BROOD_PROTOCOL";
}

function descriptorsOf(handle: unknown): readonly number[] {
  const fd: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  return typeof fd === "number" && fd >= 0 ? [fd] : [];
}

/** What was wrong with what is no message. */
export function detailOf(reading: { readonly kind: string; readonly detail?: string }): string {
  return reading.detail ?? "it sent something that is no frame";
}
