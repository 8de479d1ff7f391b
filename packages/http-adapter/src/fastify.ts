// `@brood/http-adapter/fastify`: a plugin for a program that has a Fastify instance. It decorates the instance with
// `brood`, has health routes, and makes `close()` drain first: Fastify answers 503 from the moment it closes, so
// everything accepted must have been answered before. That is why `close` itself is wrapped; `preClose` and `onClose` hooks
// run too late.

import type { WorkerContext } from "@brood/core/worker";
import type { FastifyInstance, FastifyReply } from "fastify";
import { type AdapterOptions, checkAdapterOptions } from "./adapters/adapter-options.ts";
import { type HealthReport, Program } from "./adapters/program.ts";

export type { AdapterOptions } from "./adapters/adapter-options.ts";
export type { HealthReport } from "./adapters/program.ts";

/** What the plugin decorates the instance with. */
export interface BroodDecorator {
  /** The worker that this runs in; undefined when the program runs alone. */
  readonly worker: WorkerContext | undefined;
  /** From the beginning of the drain on. */
  readonly isDraining: boolean;
}

declare module "fastify" {
  interface FastifyInstance {
    readonly brood: BroodDecorator;
  }
}

/** `await fastify.register(broodFastify, { ready: "/readyz" })`, on the root instance and before it listens.
 *  @throws PoolError BROOD_BAD_OPTION, from `ready()` */
export async function broodFastify(instance: FastifyInstance, options: AdapterOptions = {}): Promise<void> {
  // Fastify hands its own option through.
  const checked = checkAdapterOptions(options, ["prefix"]);
  const program = new Program(checked);
  program.observe(instance.server);
  instance.decorate("brood", {
    worker: program.worker,
    get isDraining() {
      return program.isDraining;
    },
  });
  if (checked.live !== false)
    instance.get(checked.live, async (_request, reply) => answer(reply, program.live()));
  if (checked.ready !== false) {
    instance.get(checked.ready, async (_request, reply) => answer(reply, await program.ready()));
  }
  drainBeforeClose(instance, program);
}

function drainBeforeClose(instance: FastifyInstance, program: Program): void {
  const { close } = instance;
  // Fastify's own takes a callback, or returns a promise.
  Reflect.set(instance, "close", (...listener: readonly unknown[]): Promise<unknown> | undefined => {
    const closed = program.drain().then(() => Reflect.apply(close, instance, listener));
    return listener.length === 0 ? closed : undefined;
  });
}

function answer(reply: FastifyReply, report: HealthReport): HealthReport {
  void reply.code(report.status === "ok" ? 200 : 503).header("cache-control", "no-store");
  return report;
}

// What `fastify-plugin` does: the plugin belongs to the instance it is registered on, not to a child of it.
Object.defineProperties(broodFastify, {
  [Symbol.for("skip-override")]: { value: true },
  [Symbol.for("fastify.display-name")]: { value: "@brood/http-adapter" },
  [Symbol.for("plugin-meta")]: { value: { name: "@brood/http-adapter", fastify: "5.x" } },
});
