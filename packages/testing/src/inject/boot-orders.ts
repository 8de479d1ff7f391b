// How a test tells workers that do not exist yet to fail or to be slow. Orders are empty files in a folder of their own;
// a small module that workers load before anything else (`--import`, see preload.ts) takes at most one of them with
// rename(2), so that n orders hit exactly n boots, however many boot at once. A template boots as a worker does and may take
// an order; what is forked from it loads nothing, and takes none. Rejected: an environment variable (it would be read by
// every process below the worker, and could not be used up) and a switch in Brood itself.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Orders to workers that will boot. Start the server with its `execArgv`, give it to `faultInjector`, close it last. */
export interface BootOrders extends AsyncDisposable {
  /** For `serve({ execArgv })`: makes each worker look for an order before it loads anything. */
  readonly execArgv: readonly string[];
  /** The next worker that begins to boot exits with code 1 before it has loaded anything. */
  fail(): BootOrder;
  /** The next worker that begins to boot waits for `delayMs` before it loads anything. */
  slow(delayMs: number): BootOrder;
  /** Takes back every order and removes the folder. Workers that boot later find none. */
  close(): Promise<void>;
}

/** One order, for one boot. */
export interface BootOrder {
  /** No worker has taken it yet. */
  isPending(): boolean;
  /** Takes it back, without effect on a worker that has taken it. */
  cancel(): void;
}

const PRELOAD = new URL("./preload.js", import.meta.url);

/** For a server that `testServer` did not start. It must run in this process, which is how its workers are known. */
export function bootOrders(): BootOrders {
  const folder = mkdtempSync(join(tmpdir(), "brood-boot-orders-"));
  const preload = new URL(PRELOAD);
  preload.searchParams.set("orders", folder);
  preload.searchParams.set("supervisor", String(process.pid));
  let count = 0;

  const place = (order: string): BootOrder => {
    count += 1;
    // Names sort in the order in which they were given.
    const name = `${String(count).padStart(9, "0")}-${order}`;
    writeFileSync(join(folder, name), "");
    return {
      isPending: () => pending(folder).includes(name),
      cancel: () => rmSync(join(folder, name), { force: true }),
    };
  };
  const close = async (): Promise<void> => rmSync(folder, { recursive: true, force: true });

  return {
    execArgv: ["--import", preload.href],
    fail: () => place("fail"),
    slow: (delayMs) => place(`slow-${delayMs}`),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function pending(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
