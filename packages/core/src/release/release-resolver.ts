// Pins what a generation runs, once, in the supervisor: where it lies (`resolve.ts`), which files are its code, their
// fingerprint. It remembers what each pinned release was taken from: a worker gets the stamps of its release to check, and a
// release that is to come back is compared file by file. Files that were added since then are no reason against it: they are
// most likely what the application has written.

import { PoolError } from "../errors.ts";
import type { FileStamp } from "../link/protocol.ts";
import type { Release } from "../machine/names.ts";
import { codeFilesOf } from "./code-files.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { findRelease, type Source } from "./resolve.ts";
import { stampsOf } from "./stamps.ts";

/** More than a service can go back to. */
const RELEASES_MAX = 32;

interface Taken {
  readonly root: string;
  readonly files: readonly string[];
  readonly stamps: readonly FileStamp[];
}

export class ReleaseResolver {
  readonly #taken: Map<string, Taken> = new Map();
  readonly #warn: (message: string) => void;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** The release as it lies on disk now. @throws PoolError BROOD_RELEASE_NOT_FOUND */
  async resolve(source: Source): Promise<Release> {
    const { entry, folder } = await findRelease(source);
    const { root, files: found, marks, isTruncated, version } = await codeFilesOf(entry);
    const stamps = await stampsOf(marks);
    const { fingerprint, files } = await fingerprintOf(root, found);
    const release: Release = { entry, version, folder, fingerprint, ...(isTruncated ? { isTruncated } : {}) };
    if (isTruncated)
      this.#warn(
        `the fingerprint of ${root} is of ${files.length} code files, and there are more that were not looked at. Keep data and other programs out of the release's folder.`,
      );
    this.#remember(release, { root, files, stamps });
    return release;
  }

  /** The same release again, if its files are still those that were pinned.
   *  @throws PoolError BROOD_RELEASE_CHANGED, BROOD_RELEASE_NOT_FOUND */
  async comeBack(release: Release): Promise<Release> {
    await findRelease(release);
    const taken = this.#taken.get(keyOf(release));
    if (taken === undefined) return release;
    const { fingerprint } = await fingerprintOf(taken.root, taken.files);
    if (fingerprint !== release.fingerprint)
      throw new PoolError(
        "BROOD_RELEASE_CHANGED",
        `the files of ${release.entry} are not those that were pinned any more (fingerprint ${fingerprint}, pinned ${release.fingerprint}). Deploy into a new folder, or restart to what lies there now.`,
        { details: { entry: release.entry } },
      );
    const stamps = await stampsOf(taken.stamps.map(({ path }) => path));
    this.#remember(release, { ...taken, stamps });
    return release;
  }

  /** For a worker of the release to check. */
  stampsOf(release: Release): readonly FileStamp[] {
    return this.#taken.get(keyOf(release))?.stamps ?? [];
  }

  #remember(release: Release, taken: Taken): void {
    this.#taken.delete(keyOf(release));
    this.#taken.set(keyOf(release), taken);
    const [oldest] = this.#taken.keys();
    if (this.#taken.size > RELEASES_MAX && oldest !== undefined) this.#taken.delete(oldest);
  }
}

function keyOf({ entry, folder, fingerprint }: Release): string {
  return [entry, folder, fingerprint].join("\0");
}
