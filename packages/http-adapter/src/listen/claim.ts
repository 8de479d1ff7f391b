// Makes bound sockets ours for good. Two programs may bind one TCP port at the same moment (libuv sets SO_REUSEADDR)
// and only listen(2) tells who has it; a unix socket nobody listens on looks stale to the next one who starts.
// So listen(2) is called at once, by the addon; without it by a process that lives for 25 ms, shares the sockets and never
// reaches its event loop: nothing can be accepted. Listening is a property of the socket, so it stays when that process has
// gone; connections wait in the kernel until the first worker accepts. Rejected: listen through libuv in the supervisor,
// because it then accepts too; leave it to the first worker, because a lost race would look like a broken release.

import { spawn } from "node:child_process";
import { nativeSupport } from "@brood/core/native";

export interface Claimed {
  readonly descriptor: number;
  readonly backlog: number;
}

/** Which socket could not listen, by index, and the operating system's code. */
export interface ClaimFailure {
  readonly index: number;
  readonly code: string;
}

/** A bare Node starts in 25-70 ms; past this the machine is in such trouble that starting a server is no help. */
const CLAIM_TIMEOUT_MS = 15_000;

/** Runs with `node -e`. The error event comes on the next tick, before the event loop first polls. */
const CLAIM_SOURCE = `
const { createServer } = require("node:net");
const { writeSync } = require("node:fs");
process.argv.slice(1).forEach((backlog, index) => {
  const server = createServer();
  server.on("error", (error) => { writeSync(1, index + " " + error.code); process.exit(1); });
  server.listen({ fd: 3 + index }, Number(backlog));
});
process.nextTick(() => process.exit(0));`;

/** Calls listen(2) on each. @returns the first that failed, or null. @throws when no process could be started. */
export async function claimSockets(sockets: readonly Claimed[]): Promise<ClaimFailure | null> {
  const native = nativeSupport();
  if (!native.ok) return claimByProcess(sockets);
  for (const [index, { descriptor, backlog }] of sockets.entries()) {
    try {
      native.binding.listenOn(descriptor, backlog);
    } catch (error) {
      return { index, code: error instanceof Error && "code" in error ? String(error.code) : "EINVAL" };
    }
  }
  return null;
}

function claimByProcess(sockets: readonly Claimed[]): Promise<ClaimFailure | null> {
  return new Promise((resolve, reject) => {
    const backlogs = sockets.map(({ backlog }) => String(backlog));
    const claimer = spawn(process.execPath, ["-e", CLAIM_SOURCE, ...backlogs], {
      stdio: ["ignore", "pipe", "ignore", ...sockets.map(({ descriptor }) => descriptor)],
      // The user's --require and --import are for the application.
      env: { ...process.env, NODE_OPTIONS: undefined },
      timeout: CLAIM_TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    let output = "";
    claimer.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString("latin1");
    });
    claimer.once("error", reject);
    claimer.once("close", (exitCode, signal) => {
      const [index, code] = output.split(" ");
      if (exitCode === 0) resolve(null);
      else if (index !== undefined && code !== undefined) resolve({ index: Number(index), code });
      else reject(new Error(`process to claim the sockets ended with ${signal ?? `exit code ${exitCode}`}`));
    });
  });
}
