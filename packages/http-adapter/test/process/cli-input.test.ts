import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { brood, testFolder } from "../support/brood-server.ts";

/** Bad input: its one line on stderr. */
const REFUSED: readonly (readonly [readonly string[], string | RegExp])[] = [
  [["app.mjs", "-w", "0"], 'option --workers: got "0", expected "auto" or a whole number from 1 to 10000'],
  [
    ["app.mjs", "--workers", "few"],
    'option --workers: got "few", expected "auto" or a whole number from 1 to 10000',
  ],
  [
    ["app.mjs", "-l", "http://x"],
    /^brood: option --listen: got "http:\/\/x", expected 3000, 127\.0\.0\.1:3000, /,
  ],
  [["app.mjs", "--runtime", "fiber"], 'option --runtime: got "fiber", expected "process" or "thread"'],
  [
    ["app.mjs", "--handoff", "sctp"],
    'option --handoff: got "sctp", expected "listener" or "reuseport" or "connection"',
  ],
  [
    ["app.mjs", "--name", "a/b"],
    `option --name: got "a/b", expected 1 to 64 letters, digits, '.', '_' or '-', not beginning with '.' or '-'`,
  ],
  [
    ["app.mjs", "--boot-timeout", "soon"],
    'option --boot-timeout: got "soon", expected a whole number from 1 to 3600000',
  ],
  [
    ["app.mjs", "--drain-timeout", "-1"],
    'option --drain-timeout: got "-1", expected a whole number from 0 to 3600000',
  ],
  [
    ["app.mjs", "--heartbeat-timeout", "5"],
    'option --heartbeat-timeout: got "5", expected a whole number from 100 to 3600000',
  ],
  [
    ["app.mjs", "--min-healthy", "1.5"],
    'option --min-healthy: got "1.5", expected a whole number from 0 to 3600000',
  ],
  // With log files, which are not made before everything is checked.
  [
    ["app.mjs", "--stdout", "out.log", "--stderr", "err.log", "--max-surge", "x"],
    'option --max-surge: got "x", expected a whole number from 0 to 10000',
  ],
  [
    ["app.mjs", "--max-failures", "0"],
    'option --max-failures: got "0", expected a whole number from 1 to 10000',
  ],
  [
    ["app.mjs", "--max-requests", "0"],
    /^brood: option --max-requests: got "0", expected a whole number from 1 to /,
  ],
  [
    ["app.mjs", "--max-memory", "0"],
    'option --max-memory: got "0", expected a whole number of megabytes from 1 to 16777216',
  ],
  [["app.mjs", "--linger", "x"], 'option --linger: got "x", expected a whole number from 0 to 60000'],
  [["app.mjs", "--cwd", "no"], 'option --cwd: got "no", expected a folder that exists'],
  [
    ["app.mjs", "--config", "no.js"],
    /^brood: option --config: got "no\.js", expected a file that exists and ends in /,
  ],
  [
    ["app.mjs", "--pidfile", "no/pid"],
    /^brood: option --pidfile: got ".*", expected a file that can be written \(ENOENT/,
  ],
  [
    ["app.mjs", "--stdout", "no/out"],
    /^brood: option --stdout: got ".*", expected a file that can be written \(ENOENT/,
  ],
  [
    ["app.mjs", "--stderr", "no/err"],
    /^brood: option --stderr: got ".*", expected a file that can be written \(ENOENT/,
  ],
  [["app.mjs", "--control", "no/control"], /^brood: control socket .*no\/control cannot be opened: /],
  [["missing.mjs"], 'option <entry>: got "missing.mjs", expected the path of a module that exists'],
  [[], /^brood: <entry> is missing: expected the path of a module, as in `brood server\.js`/],
  [["app.mjs", "--frobnicate"], "unknown option '--frobnicate'"],
  [["app.mjs", "-w"], "option '-w, --workers <n|auto>' argument missing"],
  [["app.mjs", "other.mjs"], /^brood: too many arguments for 'start'/],
  [
    ["scale", "many", "--control", "no"],
    /^brood: option <workers>: got "many", expected a whole number from 1 to 10000/,
  ],
  [["scale", "--control", "no"], "missing required argument 'workers'"],
  [["status", "--name", "../x"], /^brood: option --name: got "\.\.\/x"/],
  [
    ["status", "--control", "no"],
    /^brood: no server is running at .*\/no: point --name or --control at one that does\.$/,
  ],
  [["restart", "--control", "no"], /^brood: no server is running at /],
  [["restart", "--control", "no", "--json"], /^brood: no server is running at /],
  [["scale", "-1", "--control", "no"], /^brood: no server is running at /],
  [["stop", "--control", "no"], /^brood: no server is running at /],
];

describe("bad input to the command", () => {
  it.each(REFUSED)("%j: one line that names it, exit 2, nothing touched", async (args, expected) => {
    const folder = await testFolder({ "app.mjs": "throw new Error('a worker was started');" });
    const isStart = !["scale", "status", "restart", "stop"].includes(args[0] ?? "");
    const control =
      isStart && !args.includes("--control") ? ["--control", join(folder, "c.sock"), "-l", "0"] : [];
    const listensElsewhere = args.includes("-l") || args.at(-1) === "-w";
    const end = await brood([...(listensElsewhere ? control.slice(0, 2) : control), ...args], folder);
    expect(end).toMatchObject({ exitCode: 2, stdout: "" });
    const line = end.stderr.replace(/\n$/, "");
    if (typeof expected === "string") expect(line).toBe(`brood: ${expected}`);
    else expect(line).toMatch(expected);
    expect(line).not.toContain("\n");
    expect(readdirSync(folder)).toEqual(["app.mjs"]);
  });

  it("names the file for an option of the config file", async () => {
    const folder = await testFolder({
      "app.mjs": "",
      "brood.config.json": '{ "entry": "./app.mjs", "control": "./c", "listen": 0, "maxSurge": "x" }',
    });
    const end = await brood([], folder);
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toMatch(
      /^brood: option maxSurge: got "x", expected a whole number from 0 to 10000 \(in .*brood\.config\.json\)\n$/,
    );
  });
});
