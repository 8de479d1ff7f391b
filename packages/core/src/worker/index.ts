export type { OrderedSocket } from "../link/protocol.ts";
export { type Answers, LATENCY_BUCKETS, latencyBucket } from "../machine/answers.ts";
export type {
  CreateWorkerHost,
  Holding,
  HostOrder,
  LoadedRelease,
  LoadOrder,
  LoadRelease,
  WorkerContext,
  WorkerHost,
} from "./host.ts";
export { leaveBrokenLink } from "./link.ts";
export type { PlainContext, PlainEntry, PlainService } from "./plain-host.ts";
export { type HeldSignal, heldSignals, isOwnListener } from "./signals.ts";
export { unheld } from "./unheld.ts";
export { setFlagUnlessGiven } from "./v8-flag.ts";
