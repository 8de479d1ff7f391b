import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { readServeConfig, type ServeConfig } from "../../src/serve-options.ts";

const ENTRY = fileURLToPath(import.meta.url);

/** What a JavaScript user, or a config file, may pass. */
function read(config: Readonly<Record<string, unknown>>): ReturnType<typeof readServeConfig> {
  return readServeConfig({ entry: ENTRY, ...config } as unknown as ServeConfig);
}

describe("serve configuration", () => {
  it("fills in defaults and makes paths absolute", () => {
    const options = read({
      cwd: "/tmp",
      listen: "unix:a.sock",
      pidfile: "p.pid",
      stdout: "o.log",
      control: "c",
    });
    expect(options).toMatchObject({
      entry: ENTRY,
      workers: undefined,
      exposeGeneration: false,
      moveConnections: true,
      lingerMs: null,
      control: "/tmp/c",
      pidfile: "/tmp/p.pid",
      stdout: "/tmp/o.log",
      addresses: [{ kind: "unix", path: "/tmp/a.sock" }],
    });
    expect(read({}).control).toBe(false);
    expect(read({ entry: pathToFileURL(ENTRY) }).entry).toBe(ENTRY);
  });

  it("hands the engine's options on unseen, and leaves out what is undefined", () => {
    const { engine } = read({ bootTimeoutMs: 5, recycle: { requests: 1 }, drainTimeoutMs: undefined });
    expect(engine).toEqual({ bootTimeoutMs: 5, recycle: { requests: 1 }, env: {} });
  });

  it.each([
    ["/srv/app.js", 'option options: got "/srv/app.js", expected an object'],
    [undefined, "option options: got undefined, expected an object"],
    [null, "option options: got null, expected an object"],
    [[], "option options: got an array, expected an object"],
  ])("refuses %j, which is no configuration", (config, message) => {
    expect(() => readServeConfig(config as unknown as ServeConfig)).toThrow(
      expect.objectContaining({ code: "BROOD_BAD_OPTION", message }),
    );
  });

  it.each([
    [
      { entry: "./missing.js" },
      'option entry: got "./missing.js", expected the path of a module that exists',
    ],
    [{ entry: 7 }, "option entry: got 7, expected the path of a module that exists"],
    [{ entry: "/tmp" }, 'option entry: got "/tmp", expected the path of a module that exists'],
    [
      { entry: "file://host/x" },
      'option entry: got "file://host/x", expected the path of a module that exists',
    ],
    [{ cwd: "/nowhere" }, 'option cwd: got "/nowhere", expected a folder that exists'],
    [{ workers: 0 }, 'option workers: got 0, expected "auto" or a whole number from 1 to 10000'],
    [{ workers: "many" }, 'option workers: got "many", expected "auto" or a whole number from 1 to 10000'],
    [{ runtime: "fiber" }, 'option runtime: got "fiber", expected "process" or "thread"'],
    [{ handoff: "sctp" }, 'option handoff: got "sctp", expected "listener" or "reuseport" or "connection"'],
    [
      { handoff: "reuseport", listen: "unix:/run/app.sock" },
      'option handoff: got "reuseport", expected "listener" (any socket) or "connection" (any socket, spread by the supervisor) for unix:/run/app.sock: SO_REUSEPORT shares TCP ports only',
    ],
    [
      { balance: "sticky" },
      'option balance: got "sticky", expected it only with handoff "connection" (handoff is "listener")',
    ],
    [
      { handoff: "connection", balance: "random" },
      'option balance: got "random", expected "least-connections" or "round-robin" or "sticky"',
    ],
    [
      { handoff: "connection", maxHeld: -1 },
      "option maxHeld: got -1, expected a whole number from 0 to 1000000",
    ],
    [
      { handoff: "connection", onError: 503 },
      "option onError: got 503, expected a function of (error, request, response)",
    ],
    [
      { socketMode: "rw" },
      'option socketMode: got "rw", expected permissions such as 0o660, or the octal text "660"',
    ],
    [
      { socketOwner: "nobody-is-called-so" },
      'option socketOwner: got "nobody-is-called-so", expected a name that is in /etc/passwd, or a number (nobody-is-called-so is not there)',
    ],
    [{ moveConnections: 1 }, "option moveConnections: got 1, expected true or false"],
    [{ lingerMs: 60_001 }, "option lingerMs: got 60001, expected a whole number from 0 to 60000"],
    [{ exposeGeneration: "yes" }, 'option exposeGeneration: got "yes", expected true or false'],
    [{ control: 1 }, "option control: got 1, expected a path, true or false"],
    [{ pidfile: "" }, 'option pidfile: got "", expected a string that is not empty'],
    [
      { name: "../x" },
      `option name: got "../x", expected 1 to 64 letters, digits, '.', '_' or '-', not beginning with '.' or '-'`,
    ],
  ])("refuses %j", (config, message) => {
    expect(() => read(config)).toThrowError(expect.objectContaining({ code: "BROOD_BAD_OPTION", message }));
  });

  it("refuses a key nobody reads, and lists those there are", () => {
    expect(() => read({ worker: 4 })).toThrowError(
      /^option worker: got 4, expected one of entry, cwd, workers, listen/,
    );
  });
});
