// An entry runs as `node <entry>` would run it: as the main module, with its arguments, and with Node's words when it fails.

import { describe, expect, it } from "vitest";
import { brood, startBrood, testFolder } from "../support/brood-server.ts";

const HOW = [
  ["--spawn", "fresh"],
  ["--spawn", "template"],
  ["--runtime", "thread"],
] as const;

const LISTEN = ["-l", "127.0.0.1:0", "-w", "1", "--min-healthy", "0"];

/** Asks in each way in which CommonJS asks whether it is the main module. */
const MAIN = `#!/usr/bin/env node
const { main } = require;
const http = require("node:http");
const answers = {
  main: require.main === module,
  destructured: main === module,
  mainModule: process.mainModule === module,
  parent: module.parent === null || module.parent === undefined,
  library: require("../lib/where").home() === __dirname,
  argv: process.argv.slice(2),
  execArgv: process.execArgv,
  preloaded: globalThis.preloaded,
};
if (require.main === module) http.createServer((request, response) => response.end(JSON.stringify(answers))).listen(process.env.PORT || 3000);
`;

const LIBRARY = `exports.home = () => require("node:path").dirname(require.main.filename);`;

/** Its text names require.main; it exports what makes the application, and a hook. */
const MODULE = `// Not CommonJS, whatever is said of require.main === module here.
const seen = { main: import.meta.main, argv: process.argv.slice(2), isArgv1: process.argv[1] === import.meta.filename };
export default async () => (request, response) => response.end(JSON.stringify(seen));
export function onWorkerBoot() { seen.hook = true; }
`;

async function answer(addresses: readonly string[]): Promise<unknown> {
  const url = (addresses[0] ?? "").replace("tcp:", "http:");
  return (await fetch(url, { headers: { connection: "close" } })).json();
}

describe.each(HOW)("an entry, %s %s", (...how) => {
  it("in CommonJS is the main module, without an extension, with its own arguments and preloads", async () => {
    const folder = await testFolder({
      "bin/www": MAIN,
      "lib/where.js": LIBRARY,
      "preload.mjs": "globalThis.preloaded = 'import';",
      "preload.cjs": "globalThis.preloaded ??= 'require';",
    });
    const preloads = ["--import", `${folder}/preload.mjs`, "--require", `${folder}/preload.cjs`];
    const server = await startBrood(
      folder,
      "bin/www",
      ...LISTEN,
      ...how,
      ...preloads,
      "--",
      "--greeting",
      "hi",
    );
    expect(await answer(server.addresses)).toEqual({
      main: true,
      destructured: true,
      mainModule: true,
      parent: true,
      library: true,
      argv: ["--greeting", "hi"],
      execArgv: preloads,
      preloaded: "import",
    });
  });

  it("that is an ES module in a package's folder is loaded as one, whatever its text says", async () => {
    const folder = await testFolder({
      "app/package.json": JSON.stringify({ type: "module", main: "dist/server" }),
      "app/dist/server.js": MODULE,
      "brood.config.json": JSON.stringify({ args: ["from", "the file"] }),
    });
    const server = await startBrood(folder, "app", ...LISTEN, ...how);
    const hasMain = Number(process.versions.node.split(".")[0]) >= 24;
    const seen = { argv: ["from", "the file"], isArgv1: true, hook: true };
    expect(await answer(server.addresses)).toEqual(hasMain ? { main: true, ...seen } : seen);
  });

  it("that serves nothing is refused when it has loaded, with what it exports", async () => {
    const text = `module.exports = { app: (request, response) => response.end("never") };`;
    const folder = await testFolder({ "app.cjs": text });
    const { exitCode, stderr } = await brood(["app.cjs", ...LISTEN, ...how, "--no-control"], folder);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /nothing to serve in .*app\.cjs: it has loaded, it exports \{ app \}, and nobody has called/,
    );
    expect(stderr).toContain("brood: BROOD_NOTHING_SERVED");
  });

  it("that cannot be parsed fails with file, line and caret", async () => {
    const folder = await testFolder({
      "app.mjs": `import "./routes.mjs";`,
      "routes.mjs": `\nconst = 1;`,
    });
    const control = ["--control", "c.sock"];
    const { exitCode, stderr } = await brood(["app.mjs", ...LISTEN, ...how, ...control], folder);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/routes\.mjs:2\nconst = 1;\n +\^\n+SyntaxError: Unexpected token '='/);
  });
});

it("arguments behind -- belong to a script: a command that has none refuses them", async () => {
  const { exitCode, stderr } = await brood(["status", "--", "--greeting"], await testFolder());
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^brood: .*status.*arguments/);
});
