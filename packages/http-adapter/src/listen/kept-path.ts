// A unix path that is removed under a running server is put back. connect(2) goes by the file, not by its name, and a file
// with another name is not gone: so each socket has a second name beside it, `.<name>.kept`, and whichever of the two is
// removed is made again from the other, in the moment in which that happens. Clients that come in between find nobody there.
// A file of somebody else's at the path is left alone and said; when it goes, ours comes back. Without both names (the
// folder was removed, or the file system has no links) it cannot be put back, which is said too.
// Rejected: to bind a new socket at the path. The workers listen on the old one, whose queue may hold clients.

import { promises as fs } from "node:fs";
import { basename, dirname, join } from "node:path";
import { PathWatch } from "./path-watch.ts";
import { isStillThere, type OwnedPath, unlinkOwned } from "./unix-path.ts";

/** Ours; somebody else's file; nothing. Clients reach us only where it is ours. */
export type PathHolder = "ours" | "foreign" | "nobody";

/** `ours`: put back. */
export type ReportPath = (path: string, holder: PathHolder) => void;

export class KeptPath {
  readonly #owned: OwnedPath;
  readonly #second: OwnedPath;
  readonly #report: ReportPath;
  readonly #watch: PathWatch;
  #holder: PathHolder = "ours";

  private constructor(owned: OwnedPath, report: ReportPath) {
    this.#owned = owned;
    this.#second = { ...owned, path: join(dirname(owned.path), `.${basename(owned.path)}.kept`) };
    this.#report = report;
    this.#watch = new PathWatch(owned.path, () => this.#look());
  }

  /** Resolves when the second name is there, or cannot be. */
  static async keep(owned: OwnedPath, report: ReportPath): Promise<KeptPath> {
    const kept = new KeptPath(owned, report);
    await kept.#secure();
    return kept;
  }

  get holder(): PathHolder {
    return this.#holder;
  }

  /** Call before the path is given up. */
  async stop(): Promise<void> {
    await this.#watch.stop();
    await unlinkOwned(this.#second);
  }

  async #look(): Promise<void> {
    if (await isStillThere(this.#owned)) {
      await this.#secure();
      return this.#found("ours");
    }
    const isPutBack = await linked(this.#second, this.#owned);
    // Reported also when it was not missed before.
    if (isPutBack) this.#holder = "nobody";
    this.#found(isPutBack ? "ours" : (await isThere(this.#owned.path)) ? "foreign" : "nobody");
  }

  #found(holder: PathHolder): void {
    if (holder === this.#holder) return;
    this.#holder = holder;
    this.#report(this.#owned.path, holder);
    // Of what is at the path now: that it goes is what we wait for.
    this.#watch.renew();
  }

  /** Makes the second name, in the place of a dead server's. */
  async #secure(): Promise<void> {
    if (await isStillThere(this.#second)) return;
    await fs.unlink(this.#second.path).catch(() => undefined);
    await linked(this.#owned, this.#second);
  }
}

/** Gives the file at `from` the name `to`, unless that is taken or the file is not ours any more. */
async function linked(from: OwnedPath, to: OwnedPath): Promise<boolean> {
  if (!(await isStillThere(from))) return false;
  try {
    await fs.link(from.path, to.path);
    return true;
  } catch {
    return false;
  }
}

async function isThere(path: string): Promise<boolean> {
  return fs.lstat(path).then(
    () => true,
    () => false,
  );
}
