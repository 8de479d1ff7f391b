// Watches a server's event stream and keeps the lowest number of ready workers that there ever was.

import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { ServiceStats } from "@brood/core";
import { within } from "./within.ts";

export interface ReadyFloor {
  lowest(): number;
  close(): void;
}

export async function watchReadyFloor(control: string, stats: ServiceStats): Promise<ReadyFloor> {
  const ready = new Set(
    stats.workers.filter(({ state }) => state === "ready").map(({ worker }) => String(worker)),
  );
  let lowest = ready.size;
  const asked: ClientRequest = request({ socketPath: control, path: "/events" }).end();
  const [response] = (await within("the event stream", once(asked, "response"))) as [IncomingMessage];
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    const blocks = (text + chunk).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const name = /^event: (.+)$/m.exec(block)?.[1];
      const data = /^data: (.+)$/m.exec(block)?.[1];
      if (name === undefined || data === undefined) continue;
      const { worker } = JSON.parse(data);
      if (name === "worker:ready") ready.add(worker);
      if (name === "worker:draining" || name === "worker:exited") ready.delete(worker);
      lowest = Math.min(lowest, ready.size);
    }
  });
  return { lowest: () => lowest, close: () => void asked.destroy() };
}
