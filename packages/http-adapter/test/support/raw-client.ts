// A client that sees bytes: what was said, in which order, and how the connection ended.

import { EventEmitter, once } from "node:events";
import net from "node:net";
import type { TestSocket } from "./bound-sockets.ts";
import { within } from "./within.ts";

export class RawClient {
  readonly #socket: net.Socket;
  readonly #changes = new EventEmitter();
  #received = "";
  #end: "open" | "closed" | Error = "open";

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#changes.emit("change");
    });
    socket.on("error", (error) => {
      this.#end = error;
    });
    socket.on("close", () => {
      if (this.#end === "open") this.#end = "closed";
      this.#changes.emit("change");
    });
  }

  /** Everything received so far. */
  get received(): string {
    return this.#received;
  }

  send(text: string): void {
    this.#socket.write(text, "latin1");
  }

  get(path: string, ...headers: readonly string[]): void {
    this.send(`GET ${path} HTTP/1.1\r\nHost: test\r\n${headers.map((each) => `${each}\r\n`).join("")}\r\n`);
  }

  /** Resolves with what was received once it contains `text`; takes it away. */
  async receives(text: string): Promise<string> {
    const arrived = (async () => {
      while (!this.#received.includes(text)) {
        if (this.#end !== "open")
          throw new Error(`the connection ended (${this.#end}), received: ${this.#received}`);
        await once(this.#changes, "change");
      }
    })();
    await within(`receive ${JSON.stringify(text)}`, arrived, () => JSON.stringify(this.#received));
    const end = this.#received.indexOf(text) + text.length;
    const taken = this.#received.slice(0, end);
    this.#received = this.#received.slice(end);
    return taken;
  }

  /** Resolves when the server has closed the connection in good order; rejects when it was reset. */
  async closes(): Promise<void> {
    const closed = (async () => {
      while (this.#end === "open") await once(this.#changes, "change");
    })();
    await within("close", closed, () => JSON.stringify(this.#received));
    if (this.#end instanceof Error) throw this.#end;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

export async function connectRaw(socket: Pick<TestSocket, "target">): Promise<RawClient> {
  const connection = net.connect(socket.target);
  const client = new RawClient(connection);
  await within("connect", once(connection, "connect"));
  return client;
}
