// What `testServer` takes, and the `serve` configuration that comes of it: a port that the system gives, no control
// socket, and times that are short enough for tests and long enough for a busy CI machine.

import { join } from "node:path";
import { badOption } from "@brood/core";
import { choiceOption } from "@brood/core/options";
import type { ServeConfig } from "@brood/http-adapter";
import type { ReleaseFiles } from "./releases.ts";

type OwnKeys = "entry" | "listen" | "control" | "stdout" | "stderr" | "logger";

/** Everything of `serve()` except where it listens and logs; other defaults in brackets. [workers 2, minHealthyMs 50,
 *  bootTimeoutMs 20_000, drainTimeoutMs 10_000, lingerMs 100, compileCache false, name "test"] */
export interface TestServerConfig extends Omit<ServeConfig, OwnKeys> {
  /** An entry that exists, served where it is. Either this or `files`. */
  readonly entry?: string | URL;
  /** The first release, written into a folder of its own: relative path -> text, the first one is the entry. */
  readonly files?: ReleaseFiles;
  /** "tcp" (default): 127.0.0.1 on a free port. "unix": a socket in the temporary folder. "both". */
  readonly listen?: "tcp" | "unix" | "both";
  /** true: a control socket in the temporary folder. Default false. */
  readonly control?: boolean;
  /** "capture" (default): `server.logs()` has everything. "print": it goes to this process's output instead, as it comes. */
  readonly logs?: "capture" | "print";
  /** The node_modules folder of releases given as files; default the nearest one from `cwd` upwards, false: none. */
  readonly modules?: string | false;
}

const QUICK: Partial<ServeConfig> = {
  name: "test",
  workers: 2,
  bootTimeoutMs: 20_000,
  minHealthyMs: 50,
  drainTimeoutMs: 10_000,
  lingerMs: 100,
  // It would stay behind, in the temporary folder.
  compileCache: false,
};

export interface Places {
  /** The test server's temporary folder. */
  readonly folder: string;
  readonly entry: string;
  readonly log: string;
  readonly execArgv: readonly string[];
}

/** What the first release is. @throws PoolError BROOD_BAD_OPTION */
export function firstRelease({ entry, files }: TestServerConfig): ReleaseFiles | string | URL {
  if (entry !== undefined && files !== undefined) throw badOption("files", files, "none beside entry");
  const given = entry ?? files;
  if (given === undefined) throw badOption("entry", entry, "the path of a module that exists, or files");
  return given;
}

/** @throws PoolError BROOD_BAD_OPTION; what `serve` itself takes is left for it to check. */
export function serveConfigOf(config: TestServerConfig, places: Places): Omit<ServeConfig, "logger"> {
  const { files: _files, modules: _modules, logs, listen, control, execArgv = [], ...rest } = config;
  const where = choiceOption("listen", listen, ["tcp", "unix", "both"], "tcp");
  const prints = choiceOption("logs", logs, ["capture", "print"], "capture") === "print";
  const tcp = where === "unix" ? [] : ["tcp://127.0.0.1:0"];
  const unix = where === "tcp" ? [] : [`unix:${join(places.folder, "http.sock")}`];
  return {
    ...QUICK,
    ...rest,
    entry: places.entry,
    listen: [...tcp, ...unix],
    control: control === true ? join(places.folder, "control.sock") : false,
    execArgv: [...places.execArgv, ...execArgv],
    ...(prints ? {} : { stdout: places.log, stderr: places.log }),
  };
}
