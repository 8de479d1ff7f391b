// What a server is told when it cannot listen: by Node's own words where Node would say the same, else by ours.

import type net from "node:net";
import { describeWanted, type Wanted } from "../sharing/wanted.ts";

/** The program's signal closes its server. */
export function follow(server: net.Server, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const close = (): void => void server.close();
  if (signal.aborted) process.nextTick(close);
  else signal.addEventListener("abort", close, { once: true });
}

/** What Brood cannot do, said as an error of the server. */
export function refuse(server: net.Server, message: string): void {
  Reflect.set(server, "_handle", null);
  const error = Object.assign(new Error(message), { code: "BROOD_BOOT_FAILED" });
  process.nextTick(() => server.emit("error", error));
}

/** As Node does it when it cannot listen. */
export function fail(server: net.Server, wanted: Wanted, code: string): void {
  const error = Object.assign(new Error(`listen ${code}: address already in use ${describeWanted(wanted)}`), {
    code,
    syscall: "listen",
    ...(wanted.kind === "unix"
      ? { address: wanted.path }
      : { address: wanted.host ?? "::", port: wanted.port }),
  });
  process.nextTick(() => server.emit("error", error));
}
