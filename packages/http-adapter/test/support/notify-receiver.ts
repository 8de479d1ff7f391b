// Stands in for the service manager: receives what the server says of itself. In Python, because Node has no unix
// datagram sockets.

import { spawn, spawnSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { onTestFinished } from "vitest";
import { within } from "./within.ts";

const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(s.recv(4096).decode()), flush=True)
`;

export const hasPython: boolean = spawnSync("python3", ["--version"]).status === 0;

export interface NotifyReceiver {
  /** Every datagram so far. */
  readonly messages: readonly string[];
  /** Resolves with the first one from now on that has this line. */
  receives(line: string): Promise<string>;
}

export async function receiveNotifications(path: string): Promise<NotifyReceiver> {
  const child = spawn("python3", ["-c", RECEIVER, path], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await once(child, "close");
  });
  const arrivals = new EventEmitter();
  const messages: string[] = [];
  let text = "";
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) messages.push(JSON.parse(line));
    arrivals.emit("message");
  });
  const receives = async (line: string): Promise<string> => {
    const found = (async () => {
      for (;;) {
        const index = messages.findIndex((each, at) => at >= seen && each.split("\n").includes(line));
        const message = messages[index];
        if (message !== undefined) {
          seen = index + 1;
          return message;
        }
        await once(arrivals, "message");
      }
    })();
    return within(`notification ${line}`, found, () => JSON.stringify(messages), 30_000);
  };
  await receives("bound");
  return { messages, receives };
}
