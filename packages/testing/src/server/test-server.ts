// A real server for a test: real workers, a real socket, a temporary folder for whatever it writes. When it is closed, or
// could not start, nothing of it is left. It stops its workers at once: a test that wants a graceful end calls `stop()`.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PoolError, type RollResult } from "@brood/core";
import { type Server, serve } from "@brood/http-adapter";
import { type BootOrders, bootOrders } from "../inject/boot-orders.ts";
import { parseTarget } from "../probe/target.ts";
import { type AskOptions, ask } from "./ask.ts";
import { type ReleaseFiles, Releases, type TestRelease } from "./releases.ts";
import { ServerLog } from "./server-log.ts";
import { firstRelease, serveConfigOf, type TestServerConfig } from "./test-server-config.ts";

export interface TestServer extends Server, AsyncDisposable {
  /** `http://127.0.0.1:41233`, or `unix:/…/http.sock` when it listens there only. For `versionProbe({ target })` too. */
  readonly url: string;
  /** Asks over a new connection; redirects are not followed. Rejects when there is no answer. */
  fetch(path?: string, options?: AskOptions): Promise<Response>;
  /** Makes a release of `files` in a folder of its own, or takes another `entry`, and restarts to it. A bad release is a result, as with `restart()`. */
  deploy(next: ReleaseFiles | string | URL): Promise<RollResult>;
  /** Given so far, also those whose deploy failed. */
  readonly releases: readonly TestRelease[];
  /** What server and workers have said so far, also after `close()`; of the server alone with `logs: "print"`. */
  logs(): string;
  /** For `faultInjector(server)`. */
  readonly boots: BootOrders;
  /** Stops at once, removes everything. Repeated calls join. */
  close(): Promise<void>;
}

/** Starts a server. Resolves when every worker is ready.
 *  @throws PoolError BROOD_BAD_OPTION, BROOD_BOOT_FAILED, ... as `serve()`; nothing is left behind then. */
export async function testServer(config: TestServerConfig): Promise<TestServer> {
  const first = firstRelease(config);
  const folder = mkdtempSync(join(tmpdir(), "brood-test-"));
  const boots = bootOrders();
  const log = new ServerLog(join(folder, "server.log"), config.logs === "print");
  const remove = async (): Promise<void> => {
    log.keep();
    await boots.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const releases = new Releases(join(folder, "releases"), config.cwd ?? process.cwd(), config.modules);
    const { entry } = releases.add(first);
    const places = { folder, entry, log: log.path, execArgv: boots.execArgv };
    const server = await serve({ ...serveConfigOf(config, places), logger: log.logger });
    return wrap(server, { boots, releases, log, remove });
  } catch (error) {
    await remove();
    throw error;
  }
}

interface Parts {
  readonly boots: BootOrders;
  readonly releases: Releases;
  readonly log: ServerLog;
  remove(): Promise<void>;
}

function wrap(server: Server, { boots, releases, log, remove }: Parts): TestServer {
  const [address = ""] = server.addresses;
  const url = address.replace(/^tcp:/, "http:");
  const target = parseTarget(url, undefined);
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closed ??= server.stop({ now: true }).finally(remove);
    return closed;
  };
  const test: TestServer = {
    ...server,
    url,
    boots,
    releases: releases.list,
    fetch: (path = "/", options) => ask(target, path, options),
    async deploy(next) {
      if (closed !== null)
        throw new PoolError("BROOD_CLOSED", "the test server was closed. Start a new one.");
      return server.restart({ entry: releases.add(next).entry });
    },
    logs: () => log.text(),
    close,
    [Symbol.asyncDispose]: close,
    on: (name, listener) => {
      server.on(name, listener);
      return test;
    },
    once: (name, listener) => {
      server.once(name, listener);
      return test;
    },
    off: (name, listener) => {
      server.off(name, listener);
      return test;
    },
  };
  return test;
}
