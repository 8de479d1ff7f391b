// The host of a plain service: the entry's default export is called with the context when the worker may work, and may
// return `{ drain, close, message, usage }`. The HTTP adapter brings a host of its own.
// In a template the entry is loaded, `warmup` and `beforeFork` (named exports) are called; the default export is not: it
// runs in each worker.

import { PoolError } from "../errors.ts";
import type { HostOrder, LoadedRelease, LoadOrder, WorkerContext, WorkerHost } from "./host.ts";

/** What a plain entry may return. */
export interface PlainService {
  readonly drain?: () => Promise<void> | void;
  readonly close?: () => Promise<void> | void;
  readonly message?: (payload: unknown, handle: unknown) => void;
  /** Throws, rejects or gives false when the service is unfit; asked for `minHealthyMs` from ready on. */
  readonly healthCheck?: () => unknown;
  readonly usage?: () => {
    readonly requests?: number;
    readonly connections?: number;
    readonly tasks?: number;
  };
}

/** A plain entry's context: `post` reaches the service's `worker:message` event. */
export type PlainContext = WorkerContext & { readonly post: (payload: unknown) => void };

export type PlainEntry = (
  context: PlainContext,
) => Promise<PlainService | undefined> | PlainService | undefined;

/** False says no as well as a rejection does. */
export async function passes(check: () => unknown): Promise<void> {
  if ((await check()) === false) throw new Error("healthCheck gave false");
}

interface PlainRelease {
  readonly entry: PlainEntry;
  beforeFork(): Promise<void>;
}

export function createPlainHost(order: HostOrder): WorkerHost {
  return hostOf(order, () => load(order));
}

/** In a template. */
export async function loadPlainRelease(order: LoadOrder): Promise<LoadedRelease> {
  const loading = load(order);
  const loaded = await Promise.race([loading, order.holding?.waiting.then(() => null) ?? loading]);
  return {
    beforeFork: async () => loaded?.beforeFork(),
    createWorkerHost: (workerOrder) => hostOf(workerOrder, () => loading),
  };
}

async function load(order: LoadOrder): Promise<PlainRelease> {
  const { context } = order;
  const exports = await order.loadEntry();
  const entry = entryOf(exports, context);
  await callHook(exports, "warmup", context);
  return { entry, beforeFork: () => callHook(exports, "beforeFork", context) };
}

function entryOf(exports: Readonly<Record<string, unknown>>, { release }: WorkerContext): PlainEntry {
  const { default: found } = exports;
  if (typeof found === "function") return found as PlainEntry;
  throw new PoolError(
    "BROOD_BOOT_FAILED",
    `entry ${release.entry}: the default export is ${typeof found}, expected a function of the context`,
  );
}

async function callHook(
  exports: Readonly<Record<string, unknown>>,
  name: "warmup" | "beforeFork",
  context: WorkerContext,
): Promise<void> {
  // Of CommonJS all exports are properties of the default.
  for (const place of [exports, exports["default"]]) {
    const hook: unknown = isHolder(place) ? Reflect.get(place, name) : undefined;
    if (typeof hook === "function") return void (await Reflect.apply(hook, place, [context]));
  }
}

function isHolder(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function hostOf(order: HostOrder, load: () => Promise<PlainRelease>): WorkerHost {
  let release: PlainRelease | null = null;
  let service: PlainService = {};
  return {
    async boot() {
      release = await load();
    },
    async open() {
      service = (await release?.entry({ ...order.context, post: order.post })) ?? {};
    },
    drain: async () => service.drain?.(),
    close: async () => service.close?.(),
    usage: () => ({ requests: 0, connections: 0, tasks: 0, ...service.usage?.() }),
    check: () => (service.healthCheck === undefined ? null : passes(service.healthCheck)),
    message: (payload, handle) => service.message?.(payload, handle),
  };
}
