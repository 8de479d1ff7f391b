// What a test sets up and leaves nothing of: sockets, workers, clients. One scene a test file, emptied after each
// test.

import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";
import { bindTcp, bindUnix, type TestSocket } from "./bound-sockets.ts";
import { connectRaw, type RawClient } from "./raw-client.ts";
import { WorkerProcess } from "./worker-process.ts";

export interface Scene {
  readonly tcp: TestSocket;
  readonly unix: TestSocket;
  /** A worker with this fixture of fixtures/apps, created and not booted. */
  create(app: string, hostData?: object): Promise<WorkerProcess>;
  /** The same, booted and open. */
  serve(app: string, hostData?: object): Promise<WorkerProcess>;
  connect(socket: TestSocket): Promise<RawClient>;
  /** For anything else that has to go. */
  later(release: () => unknown): void;
}

export function useScene(order: "tcp first" | "unix first" = "tcp first"): () => Scene {
  let releases: (() => unknown)[] = [];
  let scene: Scene | null = null;
  afterEach(async () => {
    for (const release of releases.reverse()) await release();
    releases = [];
    scene = null;
  });
  return () => {
    scene ??= createScene(order, (release) => releases.push(release));
    return scene;
  };
}

function createScene(order: string, later: Scene["later"]): Scene {
  const tcp = bindTcp();
  const unix = bindUnix();
  later(() => tcp.close());
  later(() => unix.close());
  const sockets = order === "tcp first" ? [tcp, unix] : [unix, tcp];

  const create: Scene["create"] = async (app, hostData = {}) => {
    const worker = new WorkerProcess(sockets);
    later(async () => {
      worker.kill("SIGKILL");
      await worker.ended();
    });
    const entry = fileURLToPath(new URL(`../fixtures/apps/${app}`, import.meta.url));
    const addresses = sockets.map((each) => each.address);
    await worker.step("create", {
      entry,
      hostData: { addresses, ...hostData },
      sockets: sockets.map(({ address }, index) => ({ role: "listener", fd: 4 + index, address })),
    });
    return worker;
  };

  return {
    tcp,
    unix,
    create,
    later,
    async serve(app, hostData) {
      const worker = await create(app, hostData);
      await worker.step("boot");
      await worker.step("open");
      return worker;
    },
    async connect(socket) {
      const client = await connectRaw(socket);
      later(() => client.destroy());
      return client;
    },
  };
}
