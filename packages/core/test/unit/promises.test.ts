// No promise that nobody waits for can reject: each goes through `detached`, which says what becomes of its failure.
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { floatingPromises, programOf } from "./promises.ts";

const PACKAGES = resolve(import.meta.dirname, "../../..");

const FIXTURE = resolve(import.meta.dirname, "../fixtures/floating.ts");

it("G76: no promise without somebody who takes its rejection, in the sources of any package", () => {
  const sources = readdirSync(PACKAGES)
    .map((name) => join(PACKAGES, name, "src"))
    .filter((folder) => ts.sys.directoryExists(folder));
  const files = sources.flatMap((folder) => ts.sys.readDirectory(folder, [".ts"]));
  expect(files.length).toBeGreaterThan(200);
  const isChecked = (file: string): boolean =>
    file === FIXTURE || sources.some((folder) => file.startsWith(folder));
  const found = floatingPromises(programOf([...files, FIXTURE]), isChecked);
  const [seen, wrong] = [true, false].map((isSeen) =>
    found.filter((each) => each.includes("fixtures/floating.ts") === isSeen),
  );
  expect(wrong).toEqual([]);
  expect(seen?.map((each) => Number(/:(\d+)/.exec(each)?.[1]))).toEqual([
    10, 11, 12, 13, 14, 17, 18, 19, 23, 27,
  ]);
}, 120_000);
