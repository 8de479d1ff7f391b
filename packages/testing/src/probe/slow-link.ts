// A link with latency between client and server: a proxy on real sockets that passes on what it reads so much later, in order.
// The ends of a connection travel as the bytes do: a FIN arrives as a FIN, a reset as a reset, each as late as the data
// before it, so a request that leaves while the server's FIN is on its way meets what it would meet on a long line (but for a
// reset by an end that has sent its FIN: nobody reads from that one any more). Opening takes a round trip: what a client
// sends at once leaves only when a SYN and its answer would have passed.

import { connect, createServer, type Socket } from "node:net";
import { addressOf, type Target } from "./target.ts";

export interface SlowLink {
  /** Where clients connect instead. */
  readonly target: Target;
  /** Why the server could not be reached for the client with this local port; a client itself sees only a reset. Asked once. */
  refusalOf(localPort: number): string | undefined;
  /** Resets what is open. */
  close(): Promise<void>;
}

/** Of bytes on their way in one direction of one connection; then nothing more is read until some have arrived. */
const ON_ITS_WAY_MAX_BYTES = 4 * 2 ** 20;

/** @param latencyMs  each way */
export function slowLink(target: Target, latencyMs: number): Promise<SlowLink> {
  const sockets = new Set<Socket>();
  const refusals = new Map<number, string>();
  const track = (socket: Socket): void => {
    sockets.add(socket.setNoDelay(true));
    socket.once("close", () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const { remotePort = 0 } = client;
    refusals.delete(remotePort);
    track(client);
    join(client, target, latencyMs, track, (code) => refusals.set(remotePort, code));
  });
  const { path } = target;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      resolve({
        target: { host: "127.0.0.1", port, path },
        refusalOf(localPort) {
          const code = refusals.get(localPort);
          refusals.delete(localPort);
          return code;
        },
        async close() {
          for (const socket of sockets) socket.destroy();
          await new Promise((closed) => server.close(closed));
        },
      });
    });
  });
}

function join(
  client: Socket,
  target: Target,
  latencyMs: number,
  track: (socket: Socket) => void,
  refused: (code: string) => void,
): void {
  const openedAtMs = performance.now();
  const lines = [delayLine(), delayLine()] as const;
  // An error without a listener would end the process; what it means to the other end is said below.
  client.on("error", () => {});
  client.once("close", () => lines[1].clear());
  lines[0].put(openedAtMs + latencyMs, () => {
    if (client.destroyed) return;
    const server = connect({ ...addressOf(target), allowHalfOpen: true });
    track(server);
    server.on("error", () => {});
    server.once("close", () => lines[0].clear());
    const refuse = (error: NodeJS.ErrnoException): void => {
      refused(error.code ?? error.name);
      lines[1].put(performance.now() + latencyMs, () => reset(client));
    };
    server.once("error", refuse);
    server.once("connect", () => server.off("error", refuse));
    carry(client, server, lines[0], (readAtMs) => Math.max(readAtMs, openedAtMs + 2 * latencyMs) + latencyMs);
    carry(server, client, lines[1], (readAtMs) => readAtMs + latencyMs);
  });
}

/** What `from` says reaches `to` when it is due. */
function carry(from: Socket, to: Socket, line: DelayLine, dueAt: (readAtMs: number) => number): void {
  let onItsWay = 0;
  const weigh = (): void => {
    const isFull = onItsWay + to.writableLength > ON_ITS_WAY_MAX_BYTES;
    if (isFull) from.pause();
    else if (from.isPaused()) from.resume();
  };
  const later = (act: () => void): void => line.put(dueAt(performance.now()), act);
  from.on("data", (chunk: Buffer) => {
    onItsWay += chunk.length;
    weigh();
    later(() => {
      onItsWay -= chunk.length;
      if (!to.destroyed) to.write(chunk);
      weigh();
    });
  });
  to.on("drain", weigh);
  from.once("end", () => later(() => to.end()));
  // A reset, or a write to an end that has gone: the other end hears of it as it would.
  from.once("error", () => later(() => reset(to)));
}

/** A unix socket knows no reset. */
function reset(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

/** Things that happen later, in the order in which they were put in, however late each is due and however late the timer is. */
interface DelayLine {
  /** `act` runs at `dueAtMs` of performance.now(), and not before what was put in earlier. */
  put(dueAtMs: number, act: () => void): void;
  /** Nothing more happens. */
  clear(): void;
}

function delayLine(): DelayLine {
  const queue: { readonly dueAtMs: number; readonly act: () => void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const run = (): void => {
    timer = undefined;
    for (let head = queue[0]; head !== undefined; head = queue[0]) {
      const leftMs = head.dueAtMs - performance.now();
      if (leftMs > 0) {
        // Rounded up: a timer of 0.4 ms fires at once, and would turn until then.
        timer = setTimeout(run, Math.ceil(leftMs));
        return;
      }
      queue.shift();
      head.act();
    }
  };
  return {
    put(dueAtMs, act) {
      queue.push({ dueAtMs, act });
      if (timer === undefined && queue.length === 1) run();
    },
    clear() {
      clearTimeout(timer);
      queue.length = 0;
    },
  };
}
