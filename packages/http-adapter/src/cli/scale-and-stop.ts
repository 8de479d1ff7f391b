// `brood scale <n|+n|-n>` and `brood stop [--now]`: one request each, answered when it is done.

import { badOption } from "@brood/core/errors";
import { callControl } from "../control/client.ts";
import { isScaleTarget, SCALE_FORMS } from "../scale-target.ts";
import { controlPathOf } from "./control-option.ts";
import type { CommandValues } from "./start-config.ts";

export async function scale(target: string, values: CommandValues): Promise<number> {
  if (!isScaleTarget(target)) throw badOption("<workers>", target, SCALE_FORMS);
  const { body } = await callControl(await controlPathOf(values), "POST", "/scale", { workers: target });
  const counts = typeof body === "object" && body !== null ? body : {};
  process.stdout.write(`brood scaled ${formatFields(counts)}\n`);
  return 0;
}

export async function stop(values: CommandValues): Promise<number> {
  const route = values["now"] === true ? "/stop?now=true" : "/stop";
  await callControl(await controlPathOf(values), "POST", route);
  process.stdout.write("brood stopped\n");
  return 0;
}

function formatFields(fields: object): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}
