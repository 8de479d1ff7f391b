// What the calls of one program ask for. Those for any port are told apart by their order.

import { resolve } from "node:path";
import type { ListenCall } from "../worker/listen-call.ts";
import type { Wanted } from "./wanted.ts";

export class WantedCalls {
  #anyPorts = 0;

  next({ port, path, host, ipv6Only }: ListenCall): Wanted {
    if (path !== null) return { kind: "unix", path: resolve(path) };
    const order = (port ?? 0) === 0 ? this.#anyPorts++ : 0;
    return { kind: "tcp", host, port: port ?? 0, ipv6Only, order };
  }
}

/** On every interface. */
export function everywhere(port: number): Wanted {
  return { kind: "tcp", host: null, port, ipv6Only: false, order: 0 };
}
