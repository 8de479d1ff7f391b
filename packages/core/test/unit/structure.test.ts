// The rings of ARCHITECTURE.md: imports point inward only, and the machine is pure. Files stay small.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const PACKAGES = resolve(import.meta.dirname, "../../..");
const CORE = join(PACKAGES, "core/src");

/** Folder of core/src -> folders it may import from (itself included). Files beside the folders may use all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  machine: ["machine"],
  link: ["link", "machine"],
  ports: ["ports", "link", "machine"],
  node: ["node"],
  native: ["native", "errors"],
  release: ["release", "link", "machine", "errors"],
  worker: ["worker", "native", "release", "link", "machine", "errors"],
  template: ["template", "worker", "native", "release", "link", "machine", "errors"],
  spawn: ["spawn", "node", "native", "ports", "link", "machine"],
  tasks: [
    "tasks",
    "supervisor",
    "spawn",
    "worker",
    "release",
    "native",
    "ports",
    "link",
    "machine",
    "callbacks",
    "errors",
    "options",
    "cores",
    "service-types",
  ],
  supervisor: ["supervisor", "ports", "link", "machine", "callbacks", "errors", "service-types"],
};

function sourcesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(source: string): string[] {
  return [...source.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
}

/** The first folder (or the file's stem) below core/src. */
function ringOf(path: string): string {
  return relative(CORE, path).replace(/\.ts$/, "").split("/")[0] ?? "";
}

function wrongImports(file: string, source: string): string[] {
  const allowed = MAY_IMPORT[ringOf(file)];
  if (allowed === undefined) return [];
  return importsOf(source)
    .filter((specifier) =>
      specifier.startsWith(".")
        ? !allowed.includes(ringOf(resolve(dirname(file), specifier)))
        : ringOf(file) === "machine",
    )
    .map((specifier) => `${relative(CORE, file)} imports ${specifier}`);
}

describe("structure", () => {
  const files = sourcesUnder(CORE);

  it("finds the sources", () => {
    expect(files.length).toBeGreaterThan(40);
    for (const ring of Object.keys(MAY_IMPORT))
      expect(files.some((file) => ringOf(file) === ring)).toBe(true);
  });

  it("imports point inward only", () => {
    expect(files.flatMap((file) => wrongImports(file, readFileSync(file, "utf8")))).toEqual([]);
  });

  it("notices an import in the wrong direction", () => {
    const file = join(CORE, "machine/roll.ts");
    expect(wrongImports(file, `import { Supervisor } from "../supervisor/supervisor.ts";`)).toHaveLength(1);
    expect(wrongImports(file, `import fs from "node:fs";`)).toHaveLength(1);
    expect(wrongImports(join(CORE, "ports/clock.ts"), `import x from "../spawn/output.ts";`)).toHaveLength(1);
    expect(wrongImports(file, `import { NEXT } from "./lifecycle.ts";`)).toHaveLength(0);
  });

  it("the machine has no time, chance or waiting of its own", () => {
    const banned =
      /\b(Date|performance|setTimeout|setInterval|setImmediate|Promise|async|await|process|console)\b|Math\.random/;
    const withoutComments = (source: string): string =>
      source.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g, "");
    const found = files
      .filter((file) => ringOf(file) === "machine")
      .map((file) => [relative(CORE, file), banned.exec(withoutComments(readFileSync(file, "utf8")))?.[0]])
      .filter(([, word]) => word !== undefined);
    expect(found).toEqual([]);
  });

  it("the machine compiles without Node's types", () => {
    const config = JSON.parse(readFileSync(join(CORE, "machine/tsconfig.json"), "utf8"));
    expect(config.compilerOptions.types).toEqual([]);
    expect(config.compilerOptions.lib).toEqual(["es2023"]);
  });

  it("no source file is longer than 300 lines", () => {
    const long = readdirSync(PACKAGES)
      .flatMap((name) => sourcesUnder(join(PACKAGES, name, "src")))
      .map((file) => ({
        file: relative(PACKAGES, file),
        lines: readFileSync(file, "utf8").split("\n").length,
      }))
      .filter(({ lines }) => lines > 300);
    expect(long).toEqual([]);
  });
});
