// What a worker tells of itself from wherever it is: each connection to this socket is one text.

import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { testFolder } from "./brood-server.ts";
import { within } from "./within.ts";

export interface Told {
  /** Of a unix socket. */
  readonly path: string;
  /** The first so many, in the order in which their connections came. */
  texts(count: number): Promise<readonly string[]>;
}

export async function listenToWorkers(): Promise<Told> {
  const path = join(await testFolder(), "told.sock");
  const told: Promise<string>[] = [];
  const server = createServer((socket) => {
    told.push(text(socket));
    server.emit("told");
  });
  server.listen(path);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return {
    path,
    async texts(count) {
      while (told.length < count) await within(`what worker ${told.length} tells`, once(server, "told"));
      return Promise.all(told.slice(0, count));
    },
  };
}
