// The pure policies of the handoffs, for whoever runs them over a world of their own: the simulation in @brood/testing.
// Not needed to use Brood.

export { BALANCES, type Balance } from "./balance.ts";
export {
  type ConnectionId,
  type Dispatched,
  Dispatcher,
  type DispatcherOptions,
  WINDOW,
} from "./dispatcher.ts";
export { ReuseportGroup } from "./reuseport-group.ts";
export { HANDSHAKE_MS, type SlotCommand, type SlotEvent, SlotSockets } from "./slot-sockets.ts";
