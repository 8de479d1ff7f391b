// Clients in a closed loop over kept connections, as a reverse proxy makes them: the hardest load for a worker that
// leaves, because the next request is always just about to come.

import http from "node:http";
import type { ClientHttp2Session } from "node:http2";
import type { TestSocket } from "./bound-sockets.ts";
import { connectHttp2, streamOver } from "./fetch-over.ts";
import { seen } from "./look.ts";

export interface LoadReport {
  readonly answered: number;
  readonly errors: readonly string[];
}

export interface Load {
  /** Resolves once every client was answered so many times more; rejects when one has failed. */
  answers(count: number): Promise<void>;
  stop(): Promise<LoadReport>;
}

export function startKeepAliveLoad(
  protocol: "http" | "h2c",
  sockets: readonly TestSocket[],
  clients: number,
): Load {
  const errors: string[] = [];
  const answered = new Array<number>(clients).fill(0);
  let isStopping = false;

  const runClient = async (index: number): Promise<void> => {
    const target = sockets[index % sockets.length]?.target ?? { path: "" };
    const client = protocol === "http" ? http1Client(target) : http2Client(target);
    try {
      while (!isStopping) {
        await client.get();
        answered[index] = (answered[index] ?? 0) + 1;
      }
    } catch (error) {
      // The first one ends it: what fails at once would fail again before anything else of this process has its turn.
      errors.push(String(error));
    } finally {
      client.end();
    }
  };
  const running = answered.map((_, index) => runClient(index));

  return {
    async answers(count) {
      const goals = answered.map((each) => each + count);
      await seen(() => {
        if (errors.length > 0) throw new Error(`a client of the load failed: ${errors.join("; ")}`);
        return answered.every((each, index) => each >= (goals[index] ?? 0));
      });
    },
    async stop() {
      isStopping = true;
      await Promise.all(running);
      return { answered: answered.reduce((sum, each) => sum + each, 0), errors };
    },
  };
}

interface Client {
  get(): Promise<void>;
  end(): void;
}

function http1Client(target: TestSocket["target"]): Client {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const address = "path" in target ? { socketPath: target.path } : target;
  return {
    get: () =>
      new Promise((resolve, reject) => {
        const request = http.get({ ...address, path: "/load", agent }, (response) => {
          if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
          response.on("error", reject).on("end", resolve).resume();
        });
        request.on("error", reject);
      }),
    end: () => agent.destroy(),
  };
}

/** Connects anew when the server has said GOAWAY, as every http2 client does. */
function http2Client(target: TestSocket["target"]): Client {
  let session: ClientHttp2Session | null = null;
  return {
    async get() {
      if (session === null || session.closed || session.destroyed)
        session = connectHttp2("h2c", target).on("error", () => {});
      const { status } = await streamOver(session, "/load");
      if (status !== 200) throw new Error(`status ${status}`);
    },
    end: () => session?.destroy(),
  };
}
