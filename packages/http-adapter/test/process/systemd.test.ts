// Socket activation and notifications as systemd does them: Debian's systemd-socket-activate opens the socket and starts
// the server, with the very command of examples/systemd/shop.service; a stand-in listens to what the server says.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import net from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFailed, onTestFinished } from "vitest";
import { testFolder } from "../support/brood-server.ts";
import { hasPython, receiveNotifications } from "../support/notify-receiver.ts";
import { SPAWN } from "../support/spawn.ts";
import { within } from "../support/within.ts";

const EXAMPLE = fileURLToPath(new URL("../../../../examples/systemd", import.meta.url));
const BROOD = fileURLToPath(new URL("../../bin/brood.js", import.meta.url));

/** More for the command. */
const HOW = SPAWN === "template" ? ["--spawn", "template"] : [];

const skipReason =
  spawnSync("systemd-socket-activate", ["--version"]).error !== undefined
    ? "no systemd-socket-activate (apt-get install systemd)"
    : hasPython
      ? null
      : "no python3 to receive notifications with";
if (skipReason !== null) console.log(`skipped: systemd: ${skipReason}`);

const APP = `export default (request, response) => {
  const kept = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"];
  response.end(JSON.stringify(kept.filter((name) => process.env[name] !== undefined)));
};
`;

interface Activated {
  readonly child: ChildProcess;
  output(): string;
  /** The first match in what the server prints. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  ended(): Promise<unknown>;
}

/** Starts the server as soon as somebody connects to one of the sockets. */
function activate(
  sockets: readonly string[],
  options: readonly string[],
  command: readonly string[],
): Activated {
  const listen = sockets.flatMap((path) => ["-l", path]);
  const child = spawn("systemd-socket-activate", [...listen, ...options, ...command], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  onTestFailed(() => console.error(output));
  const end = once(child, "close");
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGQUIT");
    await within("the server's end", end);
  });
  const line = (pattern: RegExp): Promise<RegExpExecArray> => {
    const found = (async () => {
      for (;;) {
        const match = pattern.exec(output);
        if (match !== null) return match;
        await Promise.race([once(child.stdout, "data"), once(child.stderr, "data")]);
      }
    })();
    return within(String(pattern), found, () => output, 30_000);
  };
  return { child, output: () => output, line, ended: () => within("the end", end, () => output) };
}

function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    });
    asked.on("error", reject).end();
  });
}

/** A directive of a unit. */
function directive(unit: string, name: string): string {
  const text = readFileSync(join(EXAMPLE, unit), "utf8");
  return new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
}

describe.skipIf(skipReason !== null)("systemd", () => {
  it("the example's unit: started by its socket, ready, reloading, stopping, fed watchdog", async () => {
    const folder = await testFolder();
    const socket = join(folder, "shop.sock");
    const notify = join(folder, "notify");
    expect(directive("shop.socket", "ListenStream")).toMatch(/^\/run\/.+\.sock$/);
    expect(directive("shop.service", "Type")).toBe("notify");
    const command = directive("shop.service", "ExecStart")
      .replace("/usr/bin/node", process.execPath)
      .replaceAll("/srv/shop/current", EXAMPLE)
      .replace("--workers 24", "--workers 2")
      .split(" ");
    const environment = [`NOTIFY_SOCKET=${notify}`, "WATCHDOG_USEC=200000", `XDG_RUNTIME_DIR=${folder}`];
    const manager = await receiveNotifications(notify);
    const fdName = directive("shop.socket", "FileDescriptorName");
    const server = activate(
      [socket],
      [`--fdname=${fdName}`, ...environment.flatMap((each) => ["-E", each])],
      [...command, ...HOW],
    );
    await server.line(/Listening on/);
    // The client that starts it is answered too: the socket was there before the server.
    expect(await ask(socket)).toBe("Hello from systemd\n");
    const ready = await server.line(/^brood ready name=shop pid=(\d+) .* listen=(\S+)/m);
    expect(ready[2]).toBe(`unix:${socket}`);
    expect(await manager.receives("READY=1")).toContain("STATUS=2 of 2 workers ready, generation 1");
    await manager.receives("WATCHDOG=1");

    const before = Number(process.hrtime.bigint() / 1_000n);
    process.kill(
      Number(ready[1]),
      directive("shop.service", "ExecReload").includes("-USR2") ? "SIGUSR2" : "SIGHUP",
    );
    const reloading = await manager.receives("RELOADING=1");
    const at = Number(/^MONOTONIC_USEC=(\d+)$/m.exec(reloading)?.[1]);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Number(process.hrtime.bigint() / 1_000n));
    expect(await manager.receives("READY=1")).toContain("STATUS=2 of 2 workers ready, generation 2");

    process.kill(Number(ready[1]), "SIGTERM");
    await manager.receives("STOPPING=1");
    await server.ended();
    // The path is systemd's.
    expect(existsSync(socket)).toBe(true);
  }, 60_000);

  it("several sockets by name; what was meant for the supervisor does not reach the workers", async () => {
    const folder = await testFolder({ "app.mjs": APP });
    const [web, admin] = [join(folder, "web.sock"), join(folder, "admin.sock")];
    const environment = ["NOTIFY_SOCKET=/nowhere", "WATCHDOG_USEC=200000", `XDG_RUNTIME_DIR=${folder}`];
    const command = [process.execPath, BROOD, join(folder, "app.mjs"), "-w", "1", "--name", "named"];
    const options = ["--fdname=web:admin", ...environment.flatMap((each) => ["-E", each])];
    const server = activate([web, admin], options, [...command, ...HOW, "-l", "fd:admin"]);
    await server.line(/Listening on .*admin/);
    expect(await ask(admin)).toBe("[]");
    const ready = await server.line(/^brood ready name=named pid=(\d+) .* listen=(\S+)/m);
    expect(ready[2]).toBe(`unix:${admin}`);
    // A service manager that has gone is a warning and nothing more.
    await server.line(/could not notify systemd/);
    process.kill(Number(ready[1]), "SIGTERM");
    await server.ended();
  }, 60_000);

  it("a TCP socket, with handoff connection", async () => {
    const folder = await testFolder({ "app.mjs": APP });
    const port = await freePort();
    const options = ["-E", `XDG_RUNTIME_DIR=${folder}`];
    const command = [process.execPath, BROOD, join(folder, "app.mjs"), "-w", "2", "--name", "tcp"];
    const server = activate([`127.0.0.1:${port}`], options, [...command, ...HOW, "--handoff", "connection"]);
    await server.line(/Listening on/);
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
    expect(await response.text()).toBe("[]");
    const ready = await server.line(/^brood ready name=tcp pid=(\d+) .* listen=(\S+)/m);
    expect(ready[2]).toBe(`tcp://127.0.0.1:${port}`);
    process.kill(Number(ready[1]), "SIGTERM");
    await server.ended();
  }, 60_000);
});

describe("owner and mode of unix sockets", () => {
  it("are set before the socket appears", async () => {
    const folder = await testFolder({ "app.mjs": APP });
    const path = join(folder, "app.sock");
    const gid = process.getgid?.() ?? 0;
    const args = [BROOD, "app.mjs", "-w", "1", "-l", `unix:${path}`, "--control", join(folder, "control")];
    const child = spawn(process.execPath, [...args, "--socket-mode", "620", "--socket-owner", `:${gid}`], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const end = once(child, "exit");
    await within("ready", once(child.stdout, "data"), undefined, 30_000);
    const stats = statSync(path);
    expect([stats.mode & 0o777, stats.gid]).toEqual([0o620, gid]);
    child.kill("SIGTERM");
    await within("the end", end, undefined, 30_000);
    expect(existsSync(path)).toBe(false);
  });
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
