// What comes over a worker's control link, for its sink: messages that their decoders have passed, or what was wrong.

import { createWorkerFrameReader } from "../link/frames.ts";
import type { WorkerSink } from "../ports/spawn-strategy.ts";

/** @param isShared the application sends over the same channel: what is no frame is its own and passed over. On a channel of
 *  ours it is a breach */
export function workerReader(
  sink: Pick<WorkerSink, "message" | "violated">,
  isShared: boolean,
): (value: unknown) => void {
  const reader = createWorkerFrameReader();
  return (value) => {
    const reading = reader.read(value);
    if (reading.kind === "message") sink.message(reading.message);
    else if (reading.kind === "violation") sink.violated(reading.detail);
    else if (reading.kind === "foreign" && !isShared) sink.violated("it sent something that is no frame");
  };
}
