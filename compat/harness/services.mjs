// Redis, PostgreSQL and MariaDB from Debian, for the rows that need them: installed when they are missing and this is root, started
// once for a run on free ports below a temporary folder, ended with it.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "./at-end.mjs";
import { freePort } from "./program.mjs";
import { until } from "./until.mjs";

const START_MS = 60_000;

const isRoot = process.getuid?.() === 0;

/** Debian's package, and how each is started: `{ command, env }`, or after files of its own have been made. */
const KINDS = {
  redis: {
    package: "redis-server",
    program: () => which("redis-server"),
    begin: (port, folder, program) => ({
      command: [program, "--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder],
      env: { REDIS_URL: `redis://127.0.0.1:${port}`, REDIS_PORT: `${port}` },
    }),
  },
  postgres: {
    package: "postgresql",
    program: () => newestPostgres(),
    begin: (port, folder, program) => {
      const data = join(folder, "data");
      const bin = join(program, "..");
      run(
        asUser("postgres", [join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]),
      );
      const settings = ["-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"];
      return {
        command: asUser("postgres", [program, "-D", data, "-p", `${port}`, ...settings]),
        env: { DATABASE_URL: `postgres://postgres@127.0.0.1:${port}/postgres`, PGPORT: `${port}` },
        end: "SIGINT",
      };
    },
  },
  mariadb: {
    package: "mariadb-server",
    program: () => which("mariadbd"),
    begin: (port, folder, program) => {
      const data = join(folder, "data");
      const user = isRoot ? ["--user=mysql"] : [];
      const install = ["mariadb-install-db", `--datadir=${data}`, "--auth-root-authentication-method=normal"];
      run([...install, "--skip-test-db", ...user]);
      const places = [
        `--datadir=${data}`,
        `--socket=${join(folder, "s")}`,
        `--pid-file=${join(folder, "pid")}`,
      ];
      return {
        command: [program, "--no-defaults", ...places, `--port=${port}`, "--bind-address=127.0.0.1", ...user],
        env: { MYSQL_URL: `mysql://root@127.0.0.1:${port}/mysql`, MYSQL_PORT: `${port}` },
      };
    },
  },
};

/** Nothing runs until a row asks. @returns `for(names)`, which gives environment variables, and `stop()` */
export function services() {
  const started = new Map();
  return {
    async for(names) {
      const env = {};
      for (const name of names) {
        if (!started.has(name)) started.set(name, await begin(name));
        Object.assign(env, started.get(name).env);
      }
      return env;
    },
    async stop() {
      for (const { stop } of started.values()) await stop();
      started.clear();
    },
  };
}

/** A web server of the harness's own, for rows about HTTP clients. */
async function beginUpstream() {
  const server = createServer((_request, response) => response.end("from upstream"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { env: { UPSTREAM_URL: `http://127.0.0.1:${server.address().port}/` }, stop: () => server.close() };
}

async function begin(name) {
  if (name === "upstream") return beginUpstream();
  const kind = KINDS[name];
  if (kind === undefined) throw new Error(`needs ${name}: known are ${Object.keys(KINDS).join(", ")}`);
  if (kind.program() === undefined && isRoot) {
    const install = ["apt-get", "install", "-y", "--no-install-recommends", kind.package];
    if (spawnSync(install[0], install.slice(1)).status !== 0) run(["apt-get", "update"]);
    run(install);
  }
  const program = kind.program();
  if (program === undefined) throw new Error(`needs ${name}: apt-get install ${kind.package}`);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "compat-service-"));
  chmodSync(folder, 0o777);
  const { command, env, end = "SIGTERM" } = kind.begin(port, folder, program);
  let output = "";
  const child = spawn(command[0], command.slice(1), { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const forget = atEnd(() => {
    child.kill("SIGKILL");
    remove();
  });
  const isThere = () => {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${output}`);
    return canConnect(port);
  };
  await until(`${name} on port ${port}`, isThere, START_MS, () => output);
  const stop = async () => {
    forget();
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill(end);
      await gone;
    }
    remove();
  };
  return { env, stop };
}

async function canConnect(port) {
  const socket = connect(port, "127.0.0.1");
  const came = await Promise.race([
    once(socket, "connect").then(() => true),
    once(socket, "close").then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return came;
}

/** setpriv replaces itself, so that a signal to the child reaches the server. */
function asUser(user, command) {
  return isRoot ? ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", ...command] : command;
}

function run(command) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const done = spawnSync(command[0], command.slice(1), { env, encoding: "utf8", cwd: tmpdir() });
  if (done.status !== 0) throw new Error(`${command.join(" ")}: ${done.stderr ?? done.error?.message}`);
}

function which(name) {
  const places = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin"];
  return places.map((place) => join(place, name)).find((path) => existsSync(path));
}

function newestPostgres() {
  const folder = "/usr/lib/postgresql";
  if (!existsSync(folder)) return undefined;
  const [newest] = readdirSync(folder).sort((one, other) => Number(other) - Number(one));
  return newest === undefined ? undefined : join(folder, newest, "bin/postgres");
}
