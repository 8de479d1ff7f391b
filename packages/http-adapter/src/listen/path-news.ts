// What became of a path of ours, in a sentence for the log.

import type { PathHolder } from "./kept-path.ts";

export function pathNews(path: string, holder: PathHolder): string {
  switch (holder) {
    case "ours":
      return `unix:${path} had been removed and was put back: clients reach this server there again.`;
    case "foreign":
      return `unix:${path} is another program's file now: new clients do not reach this server there. When that file goes, the path is put back.`;
    case "nobody":
      return `unix:${path} was removed and cannot be put back: new clients do not reach this server there. Stop it and start it again.`;
  }
}
