// The host of a plain service: the entry's default export is called with the context when the worker may work, and may
// return `{ drain, close, message, usage }`. The HTTP adapter brings a host of its own.

import { PoolError } from "../errors.ts";
import type { HostOrder, WorkerContext, WorkerHost } from "./host.ts";

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

export function createPlainHost(order: HostOrder): WorkerHost {
  let entry: PlainEntry | null = null;
  let service: PlainService = {};
  return {
    async boot() {
      const { default: found } = await order.loadEntry();
      if (typeof found !== "function") {
        throw new PoolError(
          "BROOD_BOOT_FAILED",
          `entry ${order.context.release.entry}: the default export is ${typeof found}, expected a function of the context`,
        );
      }
      entry = found as PlainEntry;
    },
    async open() {
      service = (await entry?.({ ...order.context, post: order.post })) ?? {};
    },
    drain: async () => service.drain?.(),
    close: async () => service.close?.(),
    usage: () => ({ requests: 0, connections: 0, tasks: 0, ...service.usage?.() }),
    check: () => (service.healthCheck === undefined ? null : passes(service.healthCheck)),
    message: (payload, handle) => service.message?.(payload, handle),
  };
}
