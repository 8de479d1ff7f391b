// The supervisor's side of the fixture template, and what the native tests share.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  type Binding,
  createFramedLink,
  type FramedLink,
  nativeSupport,
  type ProcessEnd,
  type ProcessWatch,
  watchProcess,
} from "../../../src/native/index.ts";
import { within } from "../support.ts";

const support = nativeSupport();

/** Why the native tests are skipped; null when they run. */
export const skipReason: string | null = support.ok ? null : support.reason;
if (skipReason !== null) console.warn(`native tests skipped: ${skipReason}`);

export function binding(): Binding {
  if (!support.ok) throw new Error(support.reason);
  return support.binding;
}

/** A link whose frames are waited for one by one. */
export interface Wire {
  readonly link: FramedLink;
  next(): Promise<{ readonly value: Record<string, unknown>; readonly descriptors: readonly number[] }>;
  readonly ended: Promise<Error | null>;
}

export function wire(fd: number): Wire {
  const frames: { value: Record<string, unknown>; descriptors: readonly number[] }[] = [];
  const waiting: ((frame: (typeof frames)[number]) => void)[] = [];
  let end: (error: Error | null) => void = () => {};
  const endedPromise = new Promise<Error | null>((resolve) => {
    end = resolve;
  });
  const link = createFramedLink(binding(), fd, {
    frame(payload, descriptors) {
      const frame = { value: JSON.parse(payload.toString()) as Record<string, unknown>, descriptors };
      const waiter = waiting.shift();
      if (waiter === undefined) frames.push(frame);
      else waiter(frame);
    },
    ended: end,
  });
  onTestFinished(() => link.close());
  return {
    link,
    ended: endedPromise,
    next() {
      const frame = frames.shift();
      return frame === undefined
        ? within("a frame", new Promise((resolve) => waiting.push(resolve)))
        : Promise.resolve(frame);
    },
  };
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Two ends of a socket pair, each a wire. */
export function wires(): [Wire, Wire] {
  const [left, right] = binding().socketPair();
  return [wire(left), wire(right)];
}

export interface ForkedWorker {
  readonly pid: number;
  readonly watch: ProcessWatch;
  /** As the supervisor sees it, through the pidfd that the template sent. */
  readonly ended: Promise<ProcessEnd>;
  /** Has the template, its parent, reap it, and gives its answer. */
  reap(): Promise<Record<string, unknown>>;
  readonly wire: Wire;
}

export interface Template {
  readonly process: ChildProcess;
  fork(order: { readonly code?: number; readonly work?: string }): Promise<ForkedWorker>;
  count(): Promise<Record<string, unknown>>;
}

const FLAGS = ["--single-threaded", "--v8-pool-size=0"];

/** A running template; killed when the test ends. */
export async function template(): Promise<Template> {
  const [ours, theirs] = binding().socketPair();
  const child = spawn(process.execPath, [...FLAGS, join(import.meta.dirname, "fixtures/template.mjs")], {
    stdio: ["ignore", "inherit", "inherit", theirs],
  });
  closeSync(theirs);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const answers = new Map<unknown, (frame: Frame) => void>();
  const answer = (key: unknown): Promise<Frame> =>
    within(`template: ${String(key)}`, new Promise((resolve) => answers.set(key, resolve)));
  const ready = answer("ready");
  const link = createFramedLink(binding(), ours, {
    frame(payload, descriptors) {
      const value = JSON.parse(payload.toString()) as Record<string, unknown>;
      const key = value["id"] === undefined ? value["type"] : `${value["type"]} ${value["id"]}`;
      answers.get(key)?.({ value, descriptors });
      answers.delete(key);
    },
    ended() {},
  });
  onTestFinished(() => link.close());
  await ready;

  let lastId = 0;
  return {
    process: child,
    async count() {
      const counted = answer("count");
      link.send(json({ type: "count" }));
      return (await counted).value;
    },
    async fork(order) {
      lastId += 1;
      const [own, worker] = binding().socketPair();
      const forked = answer(`forked ${lastId}`);
      const id = lastId;
      const reap = async (): Promise<Record<string, unknown>> => {
        const reaped = answer(`reaped ${id}`);
        link.send(json({ type: "reap", id }));
        return (await reaped).value;
      };
      link.send(json({ type: "fork", id, code: 0, ...order }), [worker]);
      closeSync(worker);
      const { value, descriptors } = await forked;
      return { ...watched(descriptors[0] ?? -1), pid: Number(value["pid"]), reap, wire: wire(own) };
    },
  };
}

interface Frame {
  readonly value: Record<string, unknown>;
  readonly descriptors: readonly number[];
}

function watched(pidfd: number): Pick<ForkedWorker, "watch" | "ended"> {
  let resolveEnd: (end: ProcessEnd) => void = () => {};
  const ended = new Promise<ProcessEnd>((resolve) => {
    resolveEnd = resolve;
  });
  const watch = watchProcess(binding(), pidfd, (end) => resolveEnd(end));
  onTestFinished(() => {
    watch.signal("SIGKILL");
    watch.close();
  });
  return { watch, ended: within("the worker's end", ended) };
}
