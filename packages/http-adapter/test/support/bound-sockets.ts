// Sockets as the supervisor makes them: bound, not listening, their descriptors inherited by workers.

import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

export interface TestSocket {
  readonly descriptor: number;
  /** As the supervisor tells it. */
  readonly address: string;
  /** For net.connect, http.request and the like. */
  readonly target: { readonly host: string; readonly port: number } | { readonly path: string };
  close(): Promise<void>;
}

interface BoundHandle {
  readonly fd: number;
  getsockname?(out: { port?: number }): number;
  close(closed: () => void): void;
}

export function bindTcp(): TestSocket {
  const handle = bind(["127.0.0.1", 0, 4]);
  const out: { port?: number } = {};
  handle.getsockname?.(out);
  const port = out.port ?? 0;
  return {
    descriptor: handle.fd,
    address: `tcp://127.0.0.1:${port}`,
    target: { host: "127.0.0.1", port },
    close: () => new Promise((closed) => handle.close(closed)),
  };
}

export function bindUnix(): TestSocket {
  const folder = mkdtempSync(path.join(tmpdir(), "brood-test-"));
  const file = path.join(folder, "app.sock");
  const handle = bind([file, -1, -1]);
  return {
    descriptor: handle.fd,
    address: `unix:${file}`,
    target: { path: file },
    async close() {
      await new Promise<void>((closed) => handle.close(closed));
      rmSync(folder, { recursive: true });
    },
  };
}

function bind(args: readonly unknown[]): BoundHandle {
  const handle: BoundHandle | number = Reflect.apply(Reflect.get(net, "_createServerHandle"), net, args);
  if (typeof handle === "number") throw new Error(`bind ${args.join(" ")}: error ${handle}`);
  return handle;
}
