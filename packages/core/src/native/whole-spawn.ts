// A spawn that failed leaves nothing and throws. Node tells some failures by an `error` event later, and for EMFILE and ENFILE it
// forgets the pipes that it had opened: each such spawn would keep three descriptors for good, and a library that looks at the
// child before the event finds half of one.
// UNDOCUMENTED of Node: `ChildProcess.prototype.spawn(options)` gives libuv's error, and puts its pipes into `options.stdio`.
// test/process/native/failed-spawns.test.ts probes it on each version. A Node that has it otherwise does what it does by itself.

import { ChildProcess } from "node:child_process";
import { getSystemErrorName } from "node:util";

interface SpawnOptions {
  readonly file?: string;
  readonly stdio?: readonly { readonly type?: string; readonly handle?: { close?(): void } }[];
}

type Spawn = (this: ChildProcess, options: SpawnOptions) => unknown;

/** Node's prototype is as it was when this returns.
 *  @param spawn spawns one process or more, synchronously, by whatever of `node:child_process`
 *  @throws what Node throws, and the system's error where Node would tell it later; everything that it had opened is closed */
export function wholeSpawn<Child>(spawn: () => Child): Child {
  const prototype = ChildProcess.prototype as ChildProcess & { spawn?: Spawn };
  const original = prototype.spawn;
  if (original === undefined) return spawn();
  prototype.spawn = function (this: ChildProcess, options) {
    const errno = original.call(this, options);
    if (typeof errno === "number" && errno < 0) throw undone(this, options, errno);
    return errno;
  };
  try {
    return spawn();
  } finally {
    prototype.spawn = original;
  }
}

function undone(child: ChildProcess, { file, stdio = [] }: SpawnOptions, errno: number): Error {
  // Node tells it once more, by an event: nobody else has this child.
  child.on("error", () => {});
  // In spite of its type there is none when Node had no descriptor for it.
  const streams: ChildProcess["stdio"] | undefined = child.stdio;
  if (streams === undefined) for (const { type, handle } of stdio) if (type === "pipe") handle?.close?.();
  for (const stream of streams ?? []) stream?.destroy();
  if (child.connected) child.disconnect();
  const code = getSystemErrorName(errno);
  const syscall = `spawn ${file ?? ""}`.trim();
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall, path: file });
}
