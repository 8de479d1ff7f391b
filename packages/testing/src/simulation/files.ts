// The releases as they lie on the simulated disk: folders, one symlink that deploys move, and files that somebody may
// edit in place. A generation pins what it resolved; a worker reports what it finds when it loads.

import type { Release } from "@brood/core/engine";
import { type Behaviour, GOOD } from "./behaviour.ts";

/** What `restart()` without an entry resolves anew. */
export const CURRENT = "/srv/current/server.js";

interface Folder {
  readonly release: Release;
  readonly behaviour: Behaviour;
}

export class Files {
  readonly #folders: Map<string, Folder> = new Map();
  #current = "";
  #edits = 0;

  /** Lays down a release in a folder of its own and moves the symlink to it. Returns its real path. */
  deploy(behaviour: Behaviour): string {
    const number = this.#folders.size + 1;
    const entry = `/srv/r${number}/server.js`;
    const folder = `/srv/r${number}`;
    const release = { entry, version: `${number}.0.0`, folder, fingerprint: `r${number}` };
    this.#folders.set(entry, { release, behaviour });
    this.#current = entry;
    return entry;
  }

  /** Edits the newest release in place. */
  edit(behaviour: Behaviour): void {
    const folder = this.read(this.#current);
    this.#edits += 1;
    const fingerprint = `${folder.release.fingerprint}-edit${this.#edits}`;
    this.#folders.set(this.#current, { release: { ...folder.release, fingerprint }, behaviour });
  }

  /** Somebody removes a release: whatever loads it from now on throws. */
  spoil(entry: string): void {
    this.#folders.delete(entry);
  }

  realPath(entry: string): string {
    return entry === CURRENT ? this.#current : entry;
  }

  /** What a process finds that loads this real path now. */
  read(entry: string): Folder {
    const release = { entry, version: null, folder: "/srv", fingerprint: "nothing" };
    return this.#folders.get(entry) ?? { release, behaviour: { ...GOOD, kind: "bootThrows" } };
  }

  /** Every release so far, oldest first. */
  get entries(): readonly string[] {
    return [...this.#folders.keys()];
  }
}
