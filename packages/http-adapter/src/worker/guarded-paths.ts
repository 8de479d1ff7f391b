// The unix socket of a worker is the supervisor's, and all workers share it. A program that looks after its socket file as if
// it were alone (removes a stale one before it listens, removes its own when it ends) would cut off all the others: so in a
// worker the path cannot be unlinked, and the program is told that it was. Its mode and owner are the program's to set.
// A path that the program listens on and the supervisor does not serve is never made: what it then does to that file
// succeeds and does nothing. Only in workers that have to do with a unix path node:fs is touched at all.

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const REMOVES = ["unlink", "rm"] as const;
const CHANGES = ["chmod", "chown"] as const;

type Name = (typeof REMOVES)[number] | (typeof CHANGES)[number];

/** @param shared  paths of the supervisor's sockets  @param listened  what the program has called `listen` with, or null */
export function guardPaths(shared: readonly string[], listened: () => string | null): void {
  const paths = new Set(shared.map(realName));
  const isShared = (path: string): boolean => paths.has(realName(path));
  const isUnmade = (path: string): boolean => {
    const call = listened();
    return call !== null && basename(call) === basename(path) && realName(resolve(call)) === realName(path);
  };
  for (const name of REMOVES) guard(name, (path) => isShared(path) || isUnmade(path));
  for (const name of CHANGES) guard(name, (path) => isUnmade(path) && !isShared(path));
  syncBuiltinESMExports();
}

/** In its three forms. */
function guard(name: Name, isGuarded: (path: string) => boolean): void {
  const guards = (value: unknown): boolean => {
    const path = pathOf(value);
    return path !== null && isGuarded(path);
  };
  replace(fs, name, (call, args) => {
    const done = args.at(-1);
    if (!guards(args[0]) || typeof done !== "function") return call();
    process.nextTick(() => Reflect.apply(done, undefined, [null]));
    return undefined;
  });
  replace(fs, `${name}Sync`, (call, args) => (guards(args[0]) ? undefined : call()));
  replace(fs.promises, name, (call, args) => (guards(args[0]) ? Promise.resolve() : call()));
}

function replace(
  owner: object,
  name: string,
  instead: (call: () => unknown, args: readonly unknown[]) => unknown,
): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== "function") return;
  const guarded = function (this: unknown, ...args: readonly unknown[]): unknown {
    return instead(() => Reflect.apply(original, this, args), args);
  };
  // util.promisify and the like look at what is on the function.
  Reflect.set(owner, name, Object.assign(guarded, original));
}

function pathOf(value: unknown): string | null {
  if (typeof value === "string") return resolve(value);
  if (Buffer.isBuffer(value)) return resolve(value.toString());
  return value instanceof URL && value.protocol === "file:" ? fileURLToPath(value) : null;
}

/** The same for every way that leads to it. */
function realName(path: string): string {
  try {
    return join(fs.realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}
