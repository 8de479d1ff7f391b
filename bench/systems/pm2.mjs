// PM2 in cluster mode, with a daemon of its own: PM2_HOME is in the bench's folder, so a PM2 that the user runs is
// neither seen nor touched. Its defaults stay, but for the two time limits, which must not decide over the figures.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { endLeftovers, killOnExit, run } from "../lib/child.mjs";
import { freePort } from "../lib/free-port.mjs";
import { answering } from "../lib/light-load.mjs";
import { installed } from "../lib/npm-install.mjs";
import { descendants, startTime } from "../lib/proc.mjs";

/** `args[0]`, when given, is PM2_CONCURRENT_ACTIONS. @type {import("./types.js").Start} */
export async function start(app, workers, { node = process.execPath, folder, args = [] }) {
  const command = join(await installed("pm2"), "pm2/bin/pm2");
  const port = await freePort();
  const home = join(folder, "pm2");
  const env = {
    ...process.env,
    PM2_HOME: home,
    PORT: String(port),
    PM2_DISABLE_VERSION_CHECK: "true",
    ...(args[0] === undefined ? {} : { PM2_CONCURRENT_ACTIONS: args[0] }),
  };
  const file = join(folder, "ecosystem.config.json");
  const limits = { listen_timeout: 60_000, kill_timeout: 30_000 };
  const one = { name: "bench", script: app.entry, instances: workers, exec_mode: "cluster", ...limits };
  writeFileSync(file, JSON.stringify({ apps: [one] }));
  const pm2 = (/** @type {readonly string[]} */ words) =>
    run(node, [command, ...words], { env, cwd: app.folder });

  /** @type {number | undefined} */
  let daemon;
  const guard = killOnExit(() => (daemon === undefined ? [] : [daemon]));
  const starting = pm2(["start", file]);
  while (daemon === undefined) {
    daemon = pidOf(join(home, "pm2.pid"));
    await Promise.race([starting, sleep(20)]);
  }
  await starting;
  const pid = daemon;
  const target = `http://127.0.0.1:${port}`;
  await answering(target, 60_000);
  return {
    target,
    supervisorPid: pid,
    workerPids: () => descendants(pid),
    async restart() {
      await pm2(["reload", "bench"]);
    },
    async stop() {
      const all = [pid, ...descendants(pid)].map((each) => ({ pid: each, born: startTime(each) }));
      await pm2(["kill"]).catch(() => {});
      const left = await endLeftovers(all);
      guard();
      return left;
    },
  };
}

function pidOf(/** @type {string} */ file) {
  try {
    return Number(readFileSync(file, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}
