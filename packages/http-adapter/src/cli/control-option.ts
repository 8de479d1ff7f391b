// Which server a control command means: --control names its socket, --name its name, BROOD_CONTROL and BROOD_NAME do when
// neither is given; else it is the server that `brood start` would start here, from the config file's name or entry, or
// from this folder.

import { resolve } from "node:path";
import { nameOption } from "@brood/core/options";
import { locateControl } from "../control/locate.ts";
import { defaultName } from "../name.ts";
import { cwdOf, loadConfigFile } from "./config-file.ts";
import { standingFolder } from "./standing-folder.ts";
import { type CommandValues, configFileOf, textsOf } from "./start-config.ts";

/** @throws PoolError BROOD_BAD_OPTION, BROOD_CONTROL_FAILED when no server of that name is found */
export async function controlPathOf(values: CommandValues): Promise<string> {
  for (const environment of [{}, process.env]) {
    const control = textsOf({ spelling: "--control" }, values, environment)?.texts[0] ?? "";
    if (control !== "") return resolve(control);
    const name = textsOf({ spelling: "--name" }, values, environment);
    if (name !== null) return locateControl(nameOption(name.spelling, name.texts[0], ""));
  }
  const folder = standingFolder();
  const named = configFileOf({}, process.env);
  const file = await loadConfigFile(named, folder);
  const configured: Readonly<Record<string, unknown>> = { ...file?.values, cwd: cwdOf(file, named, false) };
  if (typeof configured["control"] === "string")
    return resolve(baseOf(configured, folder), configured["control"]);
  return locateControl(nameOf(configured, folder));
}

function nameOf(configured: Readonly<Record<string, unknown>>, folder: string): string {
  const { name, entry } = configured;
  if (typeof name === "string") return nameOption("name", name, "");
  return defaultName(baseOf(configured, folder), typeof entry === "string" ? entry : undefined);
}

function baseOf(configured: Readonly<Record<string, unknown>>, folder: string): string {
  return typeof configured["cwd"] === "string" ? resolve(folder, configured["cwd"]) : folder;
}
