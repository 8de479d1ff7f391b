// A client that keeps one connection: what it got on it, and whether it was ever without it. Requests go one after the other
// unless a test writes bytes of its own.

import { once } from "node:events";
import net from "node:net";
import { onTestFinished } from "vitest";
import { within } from "./within.ts";

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  readonly generation: number;
}

export class KeptClient {
  readonly #socket: net.Socket;
  #received = "";
  #onChange: () => void = () => {};
  /** Why the connection is not there any more. */
  ending: string | null = null;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#onChange();
    });
    const ended = (why: string): void => {
      this.ending ??= why;
      this.#onChange();
    };
    socket.on("end", () => ended("closed"));
    socket.on("error", (error) => ended(error.message));
    socket.on("close", () => ended("closed"));
  }

  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  send(text: string): void {
    this.#socket.write(text, "latin1");
  }

  /** Resolves with the next answer. */
  async answer(): Promise<Answer> {
    const parse = async (): Promise<Answer> => {
      for (;;) {
        const answer = this.#take();
        if (answer !== null) return answer;
        if (this.ending !== null) throw new Error(`no answer: ${this.ending}`);
        await this.#change();
      }
    };
    return within("an answer", parse(), () => JSON.stringify(this.#received), 30_000);
  }

  ask(path = "/", headers = ""): Promise<Answer> {
    this.send(`GET ${path} HTTP/1.1\r\nHost: test\r\n${headers}\r\n`);
    return this.answer();
  }

  /** Resolves when the server has closed the connection. */
  async closes(): Promise<void> {
    const end = async (): Promise<void> => {
      while (this.ending === null) await this.#change();
    };
    await within("the end", end(), undefined, 30_000);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#onChange = resolve;
    });
  }

  #take(): Answer | null {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return null;
    const head = this.#received.slice(0, end);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return null;
    const body = this.#received.slice(end + 4, end + 4 + length);
    this.#received = this.#received.slice(end + 4 + length);
    return {
      status: Number(head.split(" ")[1]),
      head,
      body,
      generation: Number(/^x-brood-generation: (\d+)$/im.exec(head)?.[1] ?? 0),
    };
  }
}

/** @param address  as `brood` prints it, or a port here */
export async function keepTo(address: string | number): Promise<KeptClient> {
  const target =
    typeof address === "number"
      ? { port: address, host: "127.0.0.1" }
      : address.startsWith("unix:")
        ? { path: address.slice("unix:".length) }
        : { port: Number(new URL(address).port), host: "127.0.0.1" };
  const socket = net.connect(target);
  onTestFinished(() => void socket.destroy());
  await within("connected", once(socket, "connect"));
  return new KeptClient(socket);
}
