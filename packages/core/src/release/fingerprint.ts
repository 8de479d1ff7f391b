// A fingerprint of a release's code: names and contents, so that the same code has the same one on every machine and in
// every folder, whenever it was copied. Taken once for each generation, by the supervisor; workers check what costs nothing
// (`stamps.ts`). Rejected: sizes and times alone, cheap enough for each boot; a deploy that copied the same files anew
// looked like another release, and 2,000 files cost each worker 85 ms.

import { createHash } from "node:crypto";
import fs from "node:fs";
import { relative } from "node:path";
import { promisify } from "node:util";

/** Of callbacks: `fs.promises` makes an object for each file, and 2,000 of them cost twice the time. */
const stat = promisify(fs.stat);
const readFile = promisify(fs.readFile);

/** Larger ones (models, native libraries) count by size and time: reading them would hold up the restart. */
const CONTENT_BYTES_MAX = 8 * 2 ** 20;

/** Read at once. */
const READERS = 16;

export interface Fingerprint {
  /** 16 hexadecimal digits. */
  readonly fingerprint: string;
  /** Those that turned out to be code. */
  readonly files: readonly string[];
}

/** A file that cannot be read counts as missing. */
export async function fingerprintOf(root: string, files: readonly string[]): Promise<Fingerprint> {
  const contents: (string | null)[] = new Array(files.length).fill(null);
  let next = 0;
  const read = async (): Promise<void> => {
    for (let index = next++; index < files.length; index = next++) {
      const file = files[index] ?? "";
      contents[index] = await describe(file);
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
  const code = files.filter((_, index) => contents[index] !== null);
  const lines = files.map((file, index) => `${relative(root, file)}\0${contents[index]}\n`);
  return { fingerprint: digest(lines.filter((_, index) => contents[index] !== null).join("")), files: code };
}

/** Null: it is no code. */
async function describe(file: string): Promise<string | null> {
  try {
    const stats = await stat(file);
    if (stats.size > CONTENT_BYTES_MAX) return `${stats.size} ${stats.mtimeMs}`;
    const content = await readFile(file);
    // A video segment is named as TypeScript is; text has no NUL.
    const isData = file.endsWith(".ts") && content.subarray(0, 512).includes(0);
    return isData ? null : digest(content);
  } catch {
    return "missing";
  }
}

function digest(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
