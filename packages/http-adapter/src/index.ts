export type { FailureReason, RollResult, ServiceEvents, ServiceStats, WorkerStats } from "@brood/core";
export { type ErrorCode, PoolError } from "@brood/core";
export { type DefinedApp, defineApp } from "./define-app.ts";
export { serve } from "./serve.ts";
export { defineConfig, type ServeConfig } from "./serve-options.ts";
export type { Server } from "./server.ts";
export { worker } from "./worker/current-worker.ts";
