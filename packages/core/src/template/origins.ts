// Where everything came from that Node holds open: async_hooks tell of each resource when it is made, and a stack says who
// made it. On only while a template loads its release; afterwards the application pays nothing.

import { createHook, executionAsyncId } from "node:async_hooks";

export interface Origin {
  /** Node's name of the resource: TCPWRAP, Timeout, WORKER, ... */
  readonly type: string;
  /** The first frame outside of Node: `/srv/app/db.js:12:5`; null when Node made it for itself. */
  readonly at: string | null;
  readonly resource: WeakRef<object>;
}

export interface Origins {
  /** What was made since and is still there. */
  open(): readonly Origin[];
  /** How many of those that count there have ever been: whether something has happened since. */
  made(): number;
  stop(): void;
}

/** A stack is deep in frameworks; the application's own frame must be among these. */
const FRAMES_MAX = 50;

/** What watches and what holds things back is in between. */
const OURS = new URL("./", import.meta.url).href;

export function watchOrigins(isTold: (type: string) => boolean, counts: (type: string) => boolean): Origins {
  const alive = new Map<number, Origin>();
  let made = 0;
  /** Of deferred steps of Node (a server listens in a later tick than `listen()` is called in): who caused them. */
  const causes = new Map<number, string | null>();
  const hook = createHook({
    init(id, type, trigger, resource) {
      if (!isTold(type) && type !== "TickObject") return;
      const stack = stackHere();
      if (isSynchronous(type, stack)) return;
      const at = callerOutsideNode(stack) ?? causes.get(executionAsyncId()) ?? causes.get(trigger) ?? null;
      causes.set(id, at);
      if (!isTold(type)) return;
      if (counts(type)) made += 1;
      alive.set(id, { type, at, resource: new WeakRef(handleOf(resource)) });
    },
    // A request is over when its callback is called; its object may stay until it is collected.
    before(id) {
      if (alive.get(id)?.type.includes("REQ") === true) alive.delete(id);
    },
    after: (id) => void causes.delete(id),
    destroy(id) {
      alive.delete(id);
      causes.delete(id);
    },
  });
  hook.enable();
  return { open: () => [...alive.values()], made: () => made, stop: () => void hook.disable() };
}

/** The place outside of Node that called what asks; null when Node did. */
export function callerHere(): string | null {
  return callerOutsideNode(stackHere());
}

/** A connection that an http.Agent gives to its next request is told of as a new resource, `{ type, handle }`. */
function handleOf(resource: object): object {
  const handle: unknown = Reflect.get(resource, "handle");
  return typeof handle === "object" && handle !== null ? handle : resource;
}

function stackHere(): readonly string[] {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES_MAX;
  Error.captureStackTrace(holder, stackHere);
  Error.stackTraceLimit = limit;
  return (holder.stack ?? "").split("\n").filter((line) => line.includes(" at ") && !line.includes(OURS));
}

/** A crypto operation that is over when its call returns is a resource all the same, until it is collected. */
function isSynchronous(type: string, stack: readonly string[]): boolean {
  return type.endsWith("REQUEST") && stack.some((line) => /\bat (\w+\.)?\w+Sync /.test(line));
}

/** The frame that asked for it, above Node's own; null for what Node does on its own account (a timer of `http`). */
function callerOutsideNode(stack: readonly string[]): string | null {
  for (const line of stack) {
    const place = /\(?((?:file:\/\/)?\/[^()]+:\d+:\d+)\)?$/.exec(line)?.[1];
    if (place !== undefined && !line.includes("node:")) return place.replace("file://", "");
  }
  return null;
}
