// Where a control socket is put, and how a command in another environment finds it. Folders and sockets are real; as root
// so are other users.

import { once } from "node:events";
import { chownSync, existsSync, promises as fs, mkdirSync, realpathSync, renameSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nativeSupport } from "@brood/core/native";
import { describe, expect, it, onTestFinished } from "vitest";
import { locateControl, namesake } from "../../src/control/locate.ts";
import { controlPath, controlPaths } from "../../src/control/paths.ts";
import { type ControlServer, openControlServer } from "../../src/control/server.ts";
import { brood, testFolder } from "../support/brood-server.ts";
import { SPAWN } from "../support/spawn.ts";
import { startCommand } from "../support/starter.ts";
import { within } from "../support/within.ts";

const UID = process.geteuid?.() ?? 0;
const isRoot = UID === 0;
if (!isRoot) console.log("skipped: control sockets of other users: only root can make folders of theirs");
const hasAddon = nativeSupport().ok;
if (!hasAddon) console.log("skipped: control sockets listed by the kernel: bound there by the addon only");

const NOBODY = 65_534;

/** Listens like a server; nobody answers. Closed when the test ends. */
async function open(path: string): Promise<ControlServer> {
  mkdirSync(dirname(path), { recursive: true });
  const server = await openControlServer(path, true);
  onTestFinished(() => server.close());
  return server;
}

/** No other test's. */
function name(): string {
  return `places-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
}

describe("a control socket's place", () => {
  it("is the service's own folder, else the runtime folder that was set, else the user's", async () => {
    const folder = realpathSync(await testFolder());
    for (const each of ["service", "second", "xdg"]) mkdirSync(join(folder, each));
    const env = {
      RUNTIME_DIRECTORY: `${join(folder, "service")}:${join(folder, "second")}`,
      XDG_RUNTIME_DIR: join(folder, "xdg"),
    };
    const socket = `brood-${UID}/shop.sock`;
    expect(controlPath("shop", { uid: UID, env })).toBe(join(folder, "service", socket));
    const { RUNTIME_DIRECTORY: _, ...without } = env;
    expect(controlPath("shop", { uid: UID, env: without })).toBe(join(folder, "xdg", socket));
    const places = ["/run/brood", `/run/user/${UID}`, tmpdir()].map((each) => join(each, socket));
    expect(places).toContain(controlPath("shop", { uid: UID, env: {} }));
    // What the environment names in its usual way changes nothing: a service without it comes to the same place.
    expect(controlPath("shop", { uid: UID, env: { XDG_RUNTIME_DIR: `/run/user/${UID}/` } })).toBe(
      controlPath("shop", { uid: UID, env: {} }),
    );
  });

  it.skipIf(!isRoot)("is never a folder of another user, nor one that is not there", async () => {
    const folder = await testFolder();
    mkdirSync(join(folder, "theirs"));
    chownSync(join(folder, "theirs"), NOBODY, NOBODY);
    for (const wrong of [join(folder, "theirs"), join(folder, "absent"), ""]) {
      for (const variable of ["XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY"]) {
        const env = { [variable]: wrong };
        expect(controlPath("shop", { uid: UID, env })).toBe(controlPath("shop", { uid: UID, env: {} }));
      }
    }
    // As `su nobody` leaves it.
    const nobody = { uid: NOBODY, env: { XDG_RUNTIME_DIR: "/run/user/0" } };
    expect(controlPath("shop", nobody)).toBe(join(tmpdir(), `brood-${NOBODY}`, "shop.sock"));
  });
});

describe("a command", () => {
  it("finds the server in any of the places, past a dead one", async () => {
    const folder = realpathSync(await testFolder());
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    const shop = name();
    const env = { RUNTIME_DIRECTORY: first, XDG_RUNTIME_DIR: second };
    const [dead, alive] = [first, second].map((each) => join(each, `brood-${UID}`, `${shop}.sock`));
    await open(alive ?? "");
    // A file that nobody listens on.
    mkdirSync(dirname(dead ?? ""), { recursive: true });
    const server = net.createServer().listen(`${dead}.tmp`);
    await once(server, "listening");
    renameSync(`${dead}.tmp`, dead ?? "");
    server.close();
    expect(existsSync(dead ?? "")).toBe(true);
    expect(controlPaths(shop, { uid: UID, env }).slice(0, 2)).toEqual([dead, alive]);
    expect(await locateControl(shop, { uid: UID, env })).toBe(alive);
  });

  it.skipIf(!hasAddon)("finds it by the kernel's list where no place of its own leads there", async () => {
    const path = join(realpathSync(await testFolder()), "own", `brood-${UID}`, `${name()}.sock`);
    await open(path);
    const found = await locateControl(path.split("/").at(-1)?.replace(".sock", "") ?? "", {
      uid: UID,
      env: {},
    });
    expect(found).toBe(path);
  });

  it.skipIf(!isRoot)("believes no folder of another user, but root that user's own", async () => {
    const folder = realpathSync(await testFolder());
    const shop = name();
    const env = { XDG_RUNTIME_DIR: folder };
    const mine = join(folder, `brood-${UID}`, `${shop}.sock`);
    await open(mine);
    chownSync(dirname(mine), NOBODY, NOBODY);
    await expect(locateControl(shop, { uid: UID, env })).rejects.toThrowError(
      `${mine} (it belongs to user ${NOBODY})`,
    );
    const theirs = join(folder, `brood-${NOBODY}`, `${shop}.sock`);
    await open(theirs);
    chownSync(dirname(theirs), NOBODY, NOBODY);
    expect(await locateControl(shop, { uid: UID, env })).toBe(theirs);
  });

  it("says where it has looked", async () => {
    const shop = name();
    const { exitCode, stderr } = await brood(["status", "--name", shop], await testFolder());
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(new RegExp(`^brood: no server named ${shop} is running: looked at .+\\.sock`));
    for (const place of ["/run/brood", `/run/user/${UID}`, "/tmp"])
      expect(stderr).toContain(`${place}/brood-${UID}/`);
  });

  it.skipIf(!hasAddon)("finds a server that was started in another environment", async () => {
    const folder = await testFolder({ "app.mjs": "export default (request, response) => response.end();" });
    mkdirSync(join(folder, "runtime"));
    const shop = name();
    // Meant for init.
    const env = { XDG_RUNTIME_DIR: join(folder, "runtime"), LISTEN_FDS: "2", LISTEN_PID: "1" };
    const args = ["app.mjs", "-w", "1", "-l", "127.0.0.1:0", "--name", shop, "--spawn", SPAWN];
    const server = startCommand(args, folder, env);
    expect(await within("the server", server.outcome, server.output, 60_000)).toBe("ready");
    expect(server.output()).toContain(`control=${join(folder, "runtime", `brood-${UID}`)}/`);
    expect(server.output()).toMatch(/warn LISTEN_FDS=2 was meant for process 1, not for this one \(\d+\)/);
    const { exitCode, stdout } = await brood(["status", "--name", shop], folder);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`name=${shop} pid=${server.child.pid} `)]);
  });
});

describe("a name", () => {
  it("is taken by a server of the same user in another of the usual places", async () => {
    const shop = name();
    expect(await namesake(shop)).toBeNull();
    const elsewhere = join("/tmp", `brood-${UID}`, `${shop}.sock`);
    if (controlPath(shop) === elsewhere) return console.log("skipped: /tmp is this user's only place");
    // Unless it is somebody's.
    onTestFinished(() => void fs.rmdir(dirname(elsewhere)).catch(() => undefined));
    await open(elsewhere);
    expect(await namesake(shop)).toBe(elsewhere);
  });
});
