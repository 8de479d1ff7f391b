import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cleanName, defaultName } from "../../src/name.ts";

describe("default name", () => {
  let folder = "";

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "brood-name-")));
    mkdirSync(join(folder, "shop/dist"), { recursive: true });
    mkdirSync(join(folder, "elsewhere"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("is the name in the nearest package.json, without its scope", () => {
    writeFileSync(join(folder, "shop/package.json"), '{ "name": "@acme/shop" }');
    expect(defaultName(join(folder, "shop"))).toBe("shop");
    expect(defaultName(join(folder, "shop/dist"))).toBe("shop");
  });

  it("is the same for the server and for a command in the same folder", () => {
    writeFileSync(join(folder, "package.json"), '{ "name": "mono" }');
    writeFileSync(join(folder, "shop/package.json"), '{ "name": "shop" }');
    expect(defaultName(folder, "shop/dist/server.js")).toBe(defaultName(folder));
  });

  it("comes from the entry's folder when the entry lies outside", () => {
    writeFileSync(join(folder, "shop/package.json"), '{ "name": "shop" }');
    expect(defaultName(join(folder, "elsewhere"), "../shop/dist/server.js")).toBe("shop");
  });

  it("is the folder's name without a usable package.json", () => {
    expect(defaultName(join(folder, "shop"))).toBe("shop");
    writeFileSync(join(folder, "shop/package.json"), "{ broken");
    writeFileSync(join(folder, "package.json"), '{ "name": "above" }');
    expect(defaultName(join(folder, "shop"))).toBe("shop");
  });

  it.each([
    ["@acme/My App!", "My-App"],
    ["..hidden", "hidden"],
    ["-x", "x"],
    ["", "app"],
    ["日本", "app"],
    ["a".repeat(80), "a".repeat(64)],
  ])("makes %j a name: %j", (text, name) => {
    expect(cleanName(text)).toBe(name);
  });
});
