// A process of its own: prints where the first syntax error of an entry is, of the entry's own text or of what it imports by
// relative paths. As `node --check` has it, without the stack: file and line, the line, a caret.

import { spawnSync } from "node:child_process";
import { importedFiles } from "../release/imported-files.ts";

/** The wrong file is the entry or close to it, and each check is a process. */
const FILES_MAX = 20;

const { files } = await importedFiles(process.argv[2] ?? "", FILES_MAX);
for (const file of files.slice(0, FILES_MAX)) {
  const { status, stderr } = spawnSync(process.execPath, ["--check", file], { encoding: "utf8" });
  const [place] = stderr.split(/^SyntaxError/m);
  if (status === 0 || place === undefined) continue;
  process.stdout.write(place.trimEnd());
  break;
}
