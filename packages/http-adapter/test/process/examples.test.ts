// The examples are what people copy: each is started, asked, restarted and stopped by the scripts of its own
// package.json, on a port that the system gives, with a control socket in a folder of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { within } from "../support/within.ts";

let runtimeDir = "";
const running = new Set<ExampleRun>();

beforeAll(() => {
  runtimeDir = mkdtempSync(join(tmpdir(), "brood-examples-"));
});
afterEach(async () => {
  await Promise.all([...running].map((run) => run.kill()));
  running.clear();
});
afterAll(() => rmSync(runtimeDir, { recursive: true, force: true }));

const EXAMPLES: readonly (readonly [example: string, body: string | RegExp, script: string])[] = [
  ["express", "Hello from Express\n", "start"],
  ["fastify", "Hello from Fastify\n", "start"],
  ["hono", "Hello from Hono\n", "start"],
  ["koa", "Hello from Koa\n", "start"],
  ["script", "Hello from a plain script\n", "start"],
  ["pm2-script", /^Hello from instance [01]\n$/, "start"],
  ["express", "Hello from Express\n", "threads"],
  ["fastify", "Hello from Fastify\n", "threads"],
];

describe.each(EXAMPLES)("example %s", (example, body, script) => {
  it(`starts by ${script}, answers, restarts and stops by its own scripts, and leaves nothing`, async () => {
    const server = new ExampleRun(example, script);
    const ready = await server.line(/^brood ready name=(\S+) pid=\d+ generation=1 workers=2 listen=(\S+)/m);
    const address = ready[2] ?? "";
    expect(ready[1]).toBe(`example-${example}`);
    expect(await ask(address)).toEqual(textLike(body));

    expect(await outputOf(example, "status")).toMatch(new RegExp(`example-${example}`));
    expect(await outputOf(example, "restart")).toMatch(/brood restart completed gen=1->2 replaced=2/);
    expect(await ask(address)).toEqual(textLike(body));

    await outputOf(example, "stop");
    expect(await server.ended()).toEqual({ exitCode: 0, signal: null });
    await expect(ask(address)).rejects.toThrow();
    expect(existsSync(join(runtimeDir, `brood-${process.geteuid?.()}`, `example-${example}.sock`))).toBe(
      false,
    );
  });
});

describe("example embedded", () => {
  it("starts, answers, restarts on SIGUSR2 and ends on SIGTERM", async () => {
    const program = new ExampleRun("embedded", "start");
    const address = (await program.line(/^listening on (\S+)$/m))[1] ?? "";
    expect(await ask(address)).toBe("Hello from an embedded server\n");
    program.child.kill("SIGUSR2");
    await program.line(/^restart completed: generation 2, 2 workers replaced$/m);
    expect(await ask(address)).toBe("Hello from an embedded server\n");
    program.child.kill("SIGTERM");
    expect(await program.ended()).toEqual({ exitCode: 0, signal: null });
    await expect(ask(address)).rejects.toThrow();
  });
});

interface ProgramEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A script of an example's package.json, run as pnpm does: in its folder, with its commands on the path. */
class ExampleRun {
  readonly child: ChildProcess;
  readonly #end: Promise<ProgramEnd>;
  #output = "";

  constructor(example: string, script: string, command: string = scriptOf(example, script)) {
    const folder = folderOf(example);
    this.child = spawn("sh", ["-c", `exec ${command}`], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        PATH: `${join(folder, "node_modules/.bin")}${delimiter}${process.env["PATH"]}`,
        PORT: "0",
        XDG_RUNTIME_DIR: runtimeDir,
      },
    });
    const keep = (chunk: Buffer): void => {
      this.#output += chunk.toString();
    };
    this.child.stdout?.on("data", keep);
    this.child.stderr?.on("data", keep);
    this.#end = new Promise((resolve) =>
      this.child.once("close", (exitCode, signal) => resolve({ exitCode, signal })),
    );
    running.add(this);
  }

  /** The first match in what it has printed, as soon as it is there. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.#output);
        if (match !== null) resolve(match);
      };
      this.child.stdout?.on("data", look);
      look();
      void this.#end.then(({ exitCode }) =>
        reject(new Error(`exit ${exitCode} before ${pattern}: ${this.#output}`)),
      );
    });
    return within(String(pattern), found, () => this.#output);
  }

  ended(): Promise<ProgramEnd> {
    return within("the end of the program", this.#end, () => this.#output);
  }

  output(): string {
    return this.#output;
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.#end;
  }
}

function textLike(body: string | RegExp): unknown {
  return typeof body === "string" ? body : expect.stringMatching(body);
}

/** What a script prints that has to succeed. */
async function outputOf(example: string, script: string): Promise<string> {
  const run = new ExampleRun(example, script);
  const { exitCode } = await run.ended();
  expect(exitCode, run.output()).toBe(0);
  return run.output();
}

function folderOf(example: string): string {
  return fileURLToPath(new URL(`../../../../examples/${example}`, import.meta.url));
}

function scriptOf(example: string, script: string): string {
  const manifest: { scripts: Record<string, string> } = JSON.parse(
    readFileSync(join(folderOf(example), "package.json"), "utf8"),
  );
  const command = manifest.scripts[script];
  if (command === undefined) throw new Error(`example ${example} has no script ${script}`);
  return command;
}

/** `address` as a server prints it. A new connection each time: fetch would keep one to a stopped server. */
async function ask(address: string): Promise<string> {
  const port = new URL(address).port;
  const response = await fetch(`http://localhost:${port}/`, { headers: { connection: "close" } });
  return response.text();
}
