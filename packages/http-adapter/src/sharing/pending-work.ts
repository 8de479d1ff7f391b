// Whether the application still has something to do that may end in a `listen`: a timer, a connection being made, a file being
// read. What the worker itself had before the application was loaded does not count.

const KINDS: ReadonlySet<string> = new Set([
  "Timeout",
  "Immediate",
  "GetAddrInfoReqWrap",
  "TCPConnectWrap",
  "PipeConnectWrap",
  "TCPSocketWrap",
  "TLSWrap",
  "FSReqCallback",
  "FSReqPromise",
  "ProcessWrap",
  "QueryReqWrap",
]);

const LOOK_EVERY_MS = 10;

const { setTimeout } = globalThis;

export class PendingWork {
  #before: ReadonlyMap<string, number> = counted();

  /** In a forked worker, before the application goes on: what its template had for its own has not all come along. */
  enterFork(): void {
    const now = counted();
    this.#before = new Map(
      [...this.#before].map(([kind, count]) => [kind, Math.min(count, now.get(kind) ?? 0)]),
    );
  }

  get isPending(): boolean {
    return [...counted()].some(([kind, count]) => count > (this.#before.get(kind) ?? 0));
  }

  /** Resolves when nothing is pending, when `isOver`, or after `limitMs`. */
  async done(limitMs: number, isOver: () => boolean = () => false): Promise<void> {
    const untilMs = performance.now() + limitMs;
    // What has just been resolved goes on first.
    await turn();
    while (!isOver() && this.isPending && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS).unref());
    }
  }
}

function counted(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo())
    if (KINDS.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

async function turn(): Promise<void> {
  for (let each = 0; each < 2; each += 1) await new Promise((resolve) => setImmediate(resolve));
}
