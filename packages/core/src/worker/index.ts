export type { CreateWorkerHost, HostOrder, WorkerContext, WorkerHost } from "./host.ts";
