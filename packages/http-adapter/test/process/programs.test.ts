// Ordinary programs with an application of their own and the adapter for it: alone, and under brood, unchanged.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { startBrood, testFolder } from "../support/brood-server.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { runtimes } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const PROGRAMS = ["express-program.mjs", "fastify-program.mjs"] as const;

function programPath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/programs/${name}`, import.meta.url));
}

interface Alone {
  readonly port: number;
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  /** TERM. */
  end(): Promise<{ readonly exitCode: number | null; readonly output: string }>;
}

async function alone(name: string): Promise<Alone> {
  const child = spawn(process.execPath, [programPath(name)], {
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const prints = (pattern: RegExp): Promise<RegExpExecArray> => {
    const found = new Promise<RegExpExecArray>((resolve) => {
      const look = (): void => {
        const match = pattern.exec(output);
        if (match !== null) resolve(match);
      };
      child.stdout.on("data", look);
      look();
    });
    return within(String(pattern), found, () => output);
  };
  return {
    prints,
    port: Number((await prints(/listening (\d+)/))[1]),
    async end() {
      child.kill("SIGTERM");
      const [exitCode] = await within("the program's end", exit, () => output);
      return { exitCode, output };
    },
  };
}

async function connect(port: number): Promise<RawClient> {
  const client = await connectRaw({ target: { host: "127.0.0.1", port } });
  onTestFinished(() => client.destroy());
  return client;
}

async function get(port: number, path: string): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
  return { status: response.status, body: await response.text() };
}

describe.each(PROGRAMS)("%s", (name) => {
  it("alone: has health routes, and on TERM answers what it has accepted before anything is closed", async () => {
    const program = await alone(name);
    expect(await get(program.port, "/health/live")).toEqual({ status: 200, body: '{"status":"ok"}' });
    expect(await get(program.port, "/health/ready")).toEqual({ status: 200, body: '{"status":"ok"}' });
    const [slow, idle] = [await connect(program.port), await connect(program.port)];
    idle.get("/");
    await idle.receives("hello");
    slow.get("/slow");
    await program.prints(/slow began/);
    const ended = program.end();
    const answer = await slow.receives("\r\n\r\nslow");
    expect(answer).toContain("HTTP/1.1 200 OK");
    expect(answer).toMatch(/^connection: close\r$/im);
    await slow.closes();
    expect(slow.received).toBe("");
    await idle.closes();
    expect(await ended).toEqual({ exitCode: 0, output: expect.stringContaining("closed last") });
  });

  it("alone: says 503 while the application itself is not ready", async () => {
    const program = await alone(name);
    await get(program.port, "/unready");
    expect(await get(program.port, "/health/ready")).toEqual({ status: 503, body: '{"status":"not ready"}' });
    expect(await get(program.port, "/health/live")).toMatchObject({ status: 200 });
    await program.end();
  });

  it.each(runtimes())("under brood, runtime %s: knows its worker, and is restarted", async (runtime) => {
    const folder = await testFolder();
    const args = ["-w", "2", "-l", "127.0.0.1:0", "--runtime", runtime, "--min-healthy", "0"];
    const server = await startBrood(folder, programPath(name), ...args);
    const port = Number(new URL(server.addresses[0] ?? "").port);
    const ready = await get(port, "/health/ready");
    expect(ready.status).toBe(200);
    expect(JSON.parse(ready.body)).toMatchObject({ status: "ok", generation: 1 });
    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await get(port, "/health/live")).body)).toMatchObject({ generation: 2 });
  });
});
