// The handoff and what is shared, as one: for whoever starts, shows and ends the server.

import type { Handoff } from "../handoff/handoff.ts";
import type { SharedListeners } from "./shared-listeners.ts";

export function withShared(handoff: Handoff, shared: SharedListeners): Handoff {
  return {
    kind: handoff.kind,
    backlogs: handoff.backlogs,
    get addresses() {
      return shared.addresses;
    },
    get listeners() {
      return shared.stats;
    },
    unreachable: () => [...handoff.unreachable(), ...shared.unreachable],
    socketsOf: (seat) => handoff.socketsOf(seat),
    slotClosed: (slot) => handoff.slotClosed(slot),
    socketsAgain: (worker) => handoff.socketsAgain(worker),
    accepting: (...news) => handoff.accepting(...news),
    serve: (socket) => handoff.serve(socket),
    withdraw: (address) => handoff.withdraw(address),
    takeMessage: (worker, payload) =>
      shared.takeMessage(worker, payload) || handoff.takeMessage(worker, payload),
    attach: (service) => {
      shared.attach(service);
      handoff.attach(service);
    },
    stopping: async (patience) => {
      await Promise.all([handoff.stopping(patience), shared.stopping(patience)]);
    },
    release: async () => {
      await Promise.all([handoff.release(), shared.release()]);
    },
  };
}
