// A link that needs its time each way, between a client and a server: what one side sends, its end included, reaches the
// other one so much later.

import { once } from "node:events";
import net from "node:net";
import { onTestFinished } from "vitest";

/** @returns the port of its near end */
export async function slowLink(port: number, delayMs: number): Promise<number> {
  const near = net.createServer({ allowHalfOpen: true }, (client) => {
    const far = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    for (const [from, to] of [
      [client, far],
      [far, client],
    ] as const) {
      const later = (act: () => void): void => void setTimeout(act, delayMs);
      from.on("data", (bytes) => later(() => to.write(bytes)));
      from.on("end", () => later(() => to.end()));
      from.on("error", () => later(() => to.destroy()));
    }
    onTestFinished(() => {
      client.destroy();
      far.destroy();
    });
  });
  near.listen(0, "127.0.0.1");
  await once(near, "listening");
  onTestFinished(() => void near.close());
  const address = near.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
