export type { FailureReason, RollResult, ServiceEvents, ServiceStats, WorkerStats } from "@brood/core";
export { type ErrorCode, PoolError } from "@brood/core/errors";
export type { WorkerContext } from "@brood/core/worker";
export { type DefinedApp, defineApp } from "./define-app.ts";
export { defineConfig } from "./define-config.ts";
export { serve } from "./serve-lazily.ts";
export type { ServeConfig } from "./serve-options.ts";
export type { Server } from "./server.ts";
export { worker } from "./worker/current-worker.ts";
