// Servers of the program beside the public one: what they have accepted is answered before the worker ends, as with that.
// Their connections do not move: another worker's server of that kind would have to be found for each.

import type { Server } from "node:net";
import { Departure } from "./departure.ts";
import type { HttpHostData } from "./host-data.ts";
import { Traffic } from "./traffic.ts";

type DrainData = Pick<Required<HttpHostData>, "lingerMs" | "drainTimeoutMs">;

export class OtherServers {
  readonly #data: DrainData;
  readonly #observed: readonly { readonly server: Server; readonly traffic: Traffic }[];

  constructor(servers: readonly Server[], data: DrainData) {
    this.#data = data;
    this.#observed = servers.map((server) => {
      const traffic = new Traffic(null);
      traffic.observe(server);
      return { server, traffic };
    });
  }

  /** Resolves when none of their connections is left. */
  async drain(): Promise<void> {
    const { lingerMs, drainTimeoutMs } = this.#data;
    const drained = this.#observed.map(({ server, traffic }) => {
      const departure = new Departure(server, { lingerMs, drainTimeoutMs, mover: null });
      // Nobody moves from here: an idle client of a metrics port is not waited for.
      departure.stopping();
      return traffic.drain(departure);
    });
    await Promise.all(drained);
  }
}
