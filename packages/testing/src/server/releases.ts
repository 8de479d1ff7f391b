// Releases of a test server: each one that is given as files gets a folder of its own, which is how a deploy should be
// made (files changed in place would be loaded by respawns of the old generation as well). Dependencies are found as
// from the project under test: its node_modules is linked above them all.

import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { badOption } from "@brood/core";

/** Relative path -> text; the first one is the entry. */
export type ReleaseFiles = Readonly<Record<string, string>>;

export interface TestRelease {
  /** 1-based, in the order in which they were given. */
  readonly number: number;
  readonly entry: string;
  /** Its folder in the test server's temporary one; null for an entry of your own, which stays where it is. */
  readonly folder: string | null;
}

export class Releases {
  readonly list: TestRelease[] = [];
  readonly #folder: string;
  readonly #cwd: string;

  /** @param modules  a node_modules folder, `undefined`: the nearest one from `cwd` upwards, `false`: none. */
  constructor(folder: string, cwd: string, modules: string | false | undefined) {
    this.#folder = folder;
    this.#cwd = cwd;
    mkdirSync(folder);
    const linked = modules === undefined ? nearestModules(cwd) : modules;
    if (typeof linked === "string") symlinkSync(resolve(cwd, linked), join(folder, "node_modules"));
  }

  /** Writes files, or takes an entry as it is. @throws PoolError BROOD_BAD_OPTION */
  add(given: ReleaseFiles | string | URL): TestRelease {
    const number = this.list.length + 1;
    const release =
      typeof given === "string" || given instanceof URL
        ? { number, entry: this.#pathOf(given), folder: null }
        : this.#write(number, given);
    this.list.push(release);
    return release;
  }

  #pathOf(entry: string | URL): string {
    return entry instanceof URL || entry.startsWith("file:")
      ? fileURLToPath(entry)
      : resolve(this.#cwd, entry);
  }

  #write(number: number, files: ReleaseFiles): TestRelease {
    const [first] = Object.keys(files);
    if (first === undefined) throw badOption("files", files, "at least one file; the first one is the entry");
    const folder = join(this.#folder, String(number));
    // Its own manifest marks the release's root, wherever the temporary folder lies.
    for (const [name, text] of Object.entries({ "package.json": '{ "private": true }\n', ...files })) {
      const path = join(folder, name);
      if (!path.startsWith(`${folder}/`)) throw badOption("files", name, "paths inside the release");
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    return { number, entry: join(folder, first), folder };
  }
}

function nearestModules(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const modules = join(folder, "node_modules");
    if (existsSync(modules)) return modules;
    if (folder === dirname(folder)) return undefined;
  }
}
