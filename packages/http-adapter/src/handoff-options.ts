// The options of how connections reach workers, checked before anything is bound. An option that the chosen handoff
// would not read is refused: whoever writes it expects something of it.

import { badOption } from "@brood/core/errors";
import { choiceOption, integerOption } from "@brood/core/options";
import { BALANCES, type Balance } from "./handoff/balance.ts";
import { connectionBinding } from "./handoff/connection-handoff.ts";
import type { KeyOfFirstBytes } from "./handoff/first-bytes.ts";
import type { HandoffKind } from "./handoff/handoff.ts";
import { reuseportBackend } from "./handoff/reuseport-sockets.ts";
import type { OnError } from "./handoff/unavailable.ts";
import type { ListenAddress } from "./listen/addresses.ts";
import { readSocketOwner, type SocketOwner } from "./listen/socket-owner.ts";

export interface HandoffConfig {
  /** "listener" (default): the workers accept, on listening sockets that all of them share.
   *  "reuseport": each slot has its own SO_REUSEPORT socket (TCP on Linux).
   *  "connection": the supervisor accepts, and passes each connection to a worker. */
  readonly handoff?: HandoffKind;
  /** With "connection": who gets one. "least-connections" (default), "round-robin", "sticky" (by client address), or
   *  sticky by a key read from the first bytes that the client sends (at most 2,048; undefined: no key). */
  readonly balance?: Balance | KeyOfFirstBytes;
  /** With "connection", 0...1_000_000, default 1_024: connections held while no worker can take them. */
  readonly maxHeld?: number;
  /** With "connection", 0...3_600_000, default 10_000: then a held one is answered through `onError`. */
  readonly holdTimeoutMs?: number;
  /** With "connection": answers for the application when no worker was ready in time. Default: a plain 503. */
  readonly onError?: OnError;
  /** Permissions of unix sockets, as a number (0o660) or octal text ("660"); default by the umask. */
  readonly socketMode?: number | string;
  /** Owner of unix sockets as "user", "user:group" or ":group", names or numbers; default this process's. */
  readonly socketOwner?: string;
}

const CONNECTION_KEYS = ["balance", "maxHeld", "holdTimeoutMs", "onError"] as const;

export interface HandoffOptions {
  readonly kind: HandoffKind;
  readonly balance: Balance;
  readonly keyOf: KeyOfFirstBytes | undefined;
  readonly maxHeld: number;
  readonly holdTimeoutMs: number;
  readonly onError: OnError | undefined;
  readonly owner: SocketOwner;
}

/** A second of 1,000 connections. */
const HELD_DEFAULT = 1_024;
/** Longer than most boots, shorter than most clients wait. */
const HOLD_TIMEOUT_DEFAULT_MS = 10_000;

/** @throws PoolError BROOD_BAD_OPTION */
export function readHandoffOptions(
  config: HandoffConfig,
  addresses: readonly ListenAddress[],
): HandoffOptions {
  const kind = choiceOption("handoff", config.handoff, ["listener", "reuseport", "connection"], "listener");
  if (kind !== "connection") refuseUnread(config, kind);
  const keyOf = typeof config.balance === "function" ? config.balance : undefined;
  const balance = typeof config.balance === "function" ? "sticky" : config.balance;
  if (kind === "reuseport") reuseportBackend(addresses);
  if (kind === "connection") connectionBinding({ keyOf });
  return {
    kind,
    balance: choiceOption("balance", balance, BALANCES, "least-connections"),
    keyOf,
    maxHeld: integerOption("maxHeld", config.maxHeld, 0, 1_000_000, HELD_DEFAULT),
    holdTimeoutMs: integerOption(
      "holdTimeoutMs",
      config.holdTimeoutMs,
      0,
      3_600_000,
      HOLD_TIMEOUT_DEFAULT_MS,
    ),
    onError: readOnError(config.onError),
    owner: readSocketOwner(config.socketMode, config.socketOwner),
  };
}

function refuseUnread(config: HandoffConfig, kind: HandoffKind): void {
  for (const key of CONNECTION_KEYS) {
    if (config[key] === undefined) continue;
    throw badOption(key, config[key], `it only with handoff "connection" (handoff is "${kind}")`);
  }
}

function readOnError(value: unknown): OnError | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "function") return (...args) => Reflect.apply(value, undefined, args);
  throw badOption("onError", value, "a function of (error, request, response)");
}
