// Where everything came from that Node holds open: async_hooks tell of each resource when it is made, and a stack says who
// made it. On only while a template loads its release; afterwards the application pays nothing.

import { createHook } from "node:async_hooks";

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
  stop(): void;
}

/** A stack is deep in frameworks; the application's own frame must be among these. */
const FRAMES_MAX = 50;

export function watchOrigins(isTold: (type: string) => boolean): Origins {
  const alive = new Map<number, Origin>();
  const hook = createHook({
    init(id, type, _trigger, resource) {
      if (isTold(type)) alive.set(id, { type, at: callerOutsideNode(), resource: new WeakRef(resource) });
    },
    destroy(id) {
      alive.delete(id);
    },
  });
  hook.enable();
  return { open: () => [...alive.values()], stop: () => void hook.disable() };
}

/** The frame that asked for it, above Node's own; null for what Node does on its own account (a timer of `http`). */
function callerOutsideNode(): string | null {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES_MAX;
  Error.captureStackTrace(holder, callerOutsideNode);
  Error.stackTraceLimit = limit;
  for (const line of (holder.stack ?? "").split("\n").slice(2)) {
    const place = /\(?((?:file:\/\/)?\/[^()]+:\d+:\d+)\)?$/.exec(line)?.[1];
    if (place !== undefined && !/node:internal/.test(line)) return place.replace("file://", "");
  }
  return null;
}
