import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { badOption, ERROR_CATALOGUE, PoolError } from "../../src/errors.ts";

const ROOT = resolve(import.meta.dirname, "../../../..");

describe("errors", () => {
  it("ERRORS.md lists exactly the catalogue, with what to do", () => {
    const rows = [
      ...readFileSync(join(ROOT, "ERRORS.md"), "utf8").matchAll(/^\| `(BROOD_\w+)` \| (.+) \|$/gm),
    ];
    expect(Object.fromEntries(rows.map(([, code, text]) => [code, text]))).toEqual(ERROR_CATALOGUE);
  });

  it("every code that a source names is in the catalogue", () => {
    const sources = readdirSync(join(ROOT, "packages"))
      .flatMap((name) =>
        readdirSync(join(ROOT, "packages", name, "src"), { recursive: true, withFileTypes: true }),
      )
      .filter((entry) => entry.name.endsWith(".ts"))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
    const named = new Set(sources.flatMap((source) => source.match(/(?<!env\[)"BROOD_[A-Z_]+"/g) ?? []));
    expect(named.size).toBeGreaterThan(10);
    expect([...named].map((each) => each.slice(1, -1)).filter((code) => !(code in ERROR_CATALOGUE))).toEqual(
      [],
    );
  });

  it("an error has its code, details and cause", () => {
    const cause = new Error("inner");
    const error = new PoolError("BROOD_BUG", "what", { details: { slot: 1 }, cause });
    expect(error).toMatchObject({
      name: "PoolError",
      code: "BROOD_BUG",
      message: "what",
      details: { slot: 1 },
      cause,
    });
    expect(new PoolError("BROOD_BUG", "what")).not.toHaveProperty("cause");
  });

  it("a bad option names itself, its value and what is accepted", () => {
    expect(badOption("workers", "many", "a number").message).toBe(
      'option workers: got "many", expected a number',
    );
  });
});
