// `import { worker } from "@brood/http-adapter"`: what the application may know about the worker it runs in. The
// host must not import this module, or it would be evaluated before the context is there.

import type { WorkerContext } from "@brood/core/worker";
import { publishedContext } from "./context-key.ts";

/** The worker that this code runs in; undefined in any other process. `worker.signal` aborts when draining begins. */
export const worker: WorkerContext | undefined = publishedContext();
