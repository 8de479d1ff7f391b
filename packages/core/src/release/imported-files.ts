// The code that an entry names itself: modules imported or required by a relative path, and theirs. Found in the text, so
// a path that is put together at run time is not seen; nothing but the named files is read.

import { promises as fs } from "node:fs";
import { dirname, extname, resolve } from "node:path";

/** `from "./x"`, `import "./x"`, `import("./x")`, `require("./x")`. */
const RELATIVE = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(["'`])(\.{1,2}\/[^"'`$\n]+)\1/g;

/** As Node and TypeScript look for a path without an extension. */
const SUFFIXES = ["", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".node", "/index.js", "/index.ts"];

const HAS_IMPORTS = new Set([".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"]);

export async function importedFiles(
  entry: string,
  filesMax: number,
): Promise<{ readonly files: readonly string[]; readonly isTruncated: boolean }> {
  const files = new Set([entry]);
  for (const file of files) {
    if (file !== entry && !HAS_IMPORTS.has(extname(file))) continue;
    const source = await fs.readFile(file, "utf8").catch(() => "");
    for (const [, , specifier = ""] of source.matchAll(RELATIVE)) {
      if (specifier.endsWith(".json")) continue;
      const found = await firstFile(resolve(dirname(file), specifier));
      if (found !== null && files.size >= filesMax) return { files: [...files], isTruncated: true };
      if (found !== null) files.add(found);
    }
  }
  return { files: [...files], isTruncated: false };
}

/** TypeScript's sources import `./x.js` where `x.ts` lies. */
async function firstFile(path: string): Promise<string | null> {
  const asTypeScript = /\.[cm]?js$/.test(path) ? [path.replace(/js$/, "ts")] : [];
  for (const candidate of [...SUFFIXES.map((suffix) => path + suffix), ...asTypeScript]) {
    if ((await fs.stat(candidate).catch(() => null))?.isFile() === true) return candidate;
  }
  return null;
}
