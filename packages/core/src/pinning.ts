// What a generation runs and by which settings, all of one moment: a symlink that moves between two readings would give the
// configuration of one release and the code of another.

import { promises as fs } from "node:fs";
import { callbackFailed } from "./callbacks.ts";
import { PoolError } from "./errors.ts";
import { textOf } from "./link/described.ts";
import type { ResolvedRelease } from "./machine/events.ts";
import type { ReleaseRequest, ResolveRelease } from "./ports/release-resolver.ts";
import type { ReleaseResolver } from "./release/release-resolver.ts";
import { folderFor } from "./release/resolve.ts";
import type { Reloaded, ServiceOptions } from "./service-types.ts";
import type { Settings, SettingsBook } from "./settings.ts";

/** A folder that moves so often while it is read is no deploy. */
const READINGS_MAX = 5;

/** @param reload  reads the settings anew; the first generation has those of the start */
export function pinnerOf(
  book: SettingsBook,
  resolver: ReleaseResolver,
  reload: ServiceOptions["reload"],
): ResolveRelease {
  return async (request) => {
    if (request.pinned !== null) return { release: await resolver.comeBack(request.pinned) };
    const pin = pinnedBy(resolver, request);
    const before = book.of(request.config);
    if (request.generation === 1 || reload === undefined) return pin(before, before);
    const { folder } = before.checked;
    for (let reading = 1; reading <= READINGS_MAX; reading += 1) {
      const real = await realPath(folder);
      const { settings, changed } = checkReloaded(await reload(before.options));
      const now = settings === before.options ? before : book.add(settings);
      const pinned = await pin(before, now);
      if (real === (await realPath(folder))) return { ...pinned, changed };
    }
    const message = `${folder} moved ${READINGS_MAX} times while it was read. Restart when the deploy is over.`;
    throw new PoolError("BROOD_RELEASE_NOT_FOUND", message, { details: { folder } });
  };
}

/** @throws PoolError BROOD_CALLBACK_FAILED */
function checkReloaded(given: Reloaded): Reloaded {
  const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
  if (isObject(given) && isObject(given.settings) && Array.isArray(given.changed)) return given;
  throw callbackFailed("reload", `must resolve with { settings, changed }, not ${textOf(given)}.`, given);
}

/** An entry that somebody asked for, now or by an earlier restart, stays until the settings name another one. */
function pinnedBy(resolver: ReleaseResolver, request: ReleaseRequest) {
  return async (before: Settings, { checked }: Settings): Promise<ResolvedRelease> => {
    const isRenamed = !request.isNamed && checked.entry !== before.checked.entry;
    const entry = isRenamed ? checked.entry : request.entry;
    const release = await resolver.resolve({ entry, folder: folderFor(entry, checked) });
    return { release, entry, config: checked.machine };
  };
}

/** Null: it is not there at the moment; what follows says so. */
function realPath(folder: string): Promise<string | null> {
  return fs.realpath(folder).catch(() => null);
}
