// Finds the control socket of a server by its name: the first place (paths.ts) at which somebody listens and whose folder can
// be believed. A socket file that nobody listens on is a dead server's, and the living one may be further down the list.

import { accessSync, constants, lstatSync } from "node:fs";
import { dirname } from "node:path";
import { PoolError } from "@brood/core/errors";
import { inspectPath } from "../listen/unix-path.ts";
import { controlPath, controlPaths, distrust, type Whereabouts, whereabouts } from "./paths.ts";

/** @throws PoolError BROOD_CONTROL_FAILED saying where it has looked */
export async function locateControl(name: string, who: Whereabouts = whereabouts()): Promise<string> {
  const looked: string[] = [];
  for (const path of controlPaths(name, who)) {
    const reason = await reasonAgainst(path, who.uid);
    if (reason === null) return path;
    looked.push(reason === "" ? path : `${path} (${reason})`);
  }
  const message = `no server named ${name} is running: looked at ${looked.join(", ")}. Point --name or --control at one that runs.`;
  throw new PoolError("BROOD_CONTROL_FAILED", message, { details: { name, looked, absent: true } });
}

/** A server of the same name and user in another place than this one's, which a client could mean too; null: there is none.
 *  One whose environment says where its socket is to be stands for itself. */
export async function namesake(name: string, who: Whereabouts = whereabouts()): Promise<string | null> {
  const { XDG_RUNTIME_DIR: _, RUNTIME_DIRECTORY: __, ...env } = who.env;
  const mine = controlPath(name, who);
  if (mine !== controlPath(name, { ...who, env })) return null;
  for (const path of controlPaths(name, { ...who, env })) {
    const isOwn = dirname(path).endsWith(`/brood-${who.uid}`) && path !== mine;
    if (isOwn && isUsual(path) && (await reasonAgainst(path, who.uid)) === null) return path;
  }
  return null;
}

/** Not in a folder that only an environment names. */
function isUsual(path: string): boolean {
  return /^\/(run\/brood|run\/user\/\d+|tmp)\/brood-\d+\/[^/]+$/.test(path);
}

/** "" when nothing is there; null when a server is. */
async function reasonAgainst(path: string, uid: number): Promise<string | null> {
  try {
    const folder = dirname(path);
    const stats = lstatSync(folder, { throwIfNoEntry: false });
    if (stats === undefined) return "";
    const reason = distrust(folder, stats, uid);
    if (reason !== null) return reason;
    const state = await inspectPath(path);
    if (state !== "live") return state === "stale" ? "its server is dead" : "";
    accessSync(path, constants.W_OK);
    return null;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
