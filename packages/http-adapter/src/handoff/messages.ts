// What the supervisor and a worker tell each other about sockets. Over the native link it is JSON in a frame, with the
// descriptors beside it; over child_process IPC the same message goes with at most one handle.
// The two tables below have the decoder of each field: what does not fit is a breach of the one who sent it.

import {
  amount,
  count,
  type Decoder,
  descriptor,
  list,
  Mismatch,
  oneMessage,
  optional,
  orNull,
  record,
  text,
} from "@brood/core/wire";
import type { SlotIndex } from "./names.ts";

export type ToWorker =
  /** The first over the native link: its descriptor is the page in which the worker counts (counters.ts). */
  | { readonly type: "Counters" }
  /** Connections, one for each descriptor (or the one handle). */
  | { readonly type: "Connections"; readonly pasts?: Pasts }
  /** The same for a thread, by the numbers of the supervisor's own descriptors: their table is one. Each is the thread's from
   *  the moment it counts it as taken. */
  | { readonly type: "Lent"; readonly descriptors: readonly number[]; readonly pasts?: Pasts }
  /** Nothing more will come: the worker drains. */
  | { readonly type: "End" }
  /** Serve this slot's sockets as well: one descriptor for each address (or the one handle, of address `index`). */
  | { readonly type: "Adopt"; readonly slot: SlotIndex; readonly index: number }
  /** The same for a thread, which makes descriptors of its own. */
  | { readonly type: "AdoptLent"; readonly slot: SlotIndex; readonly sockets: readonly LentSocket[] }
  | { readonly type: "Release"; readonly slot: SlotIndex }
  /** Of what this worker has passed on, by its own numbers: others have these by now, and its ends are to be closed. */
  | { readonly type: "Moved"; readonly tokens: readonly number[] }
  /** Nobody can take these: they are this worker's again. */
  | { readonly type: "Returned"; readonly tokens: readonly number[] }
  /** The answer to `Full`: what comes from now on was sent after it. */
  | { readonly type: "Again" };

/** What the receiver of a connection has to know of its past; null: nothing has happened on it. */
export type Pasts = readonly (Past | null)[];

export interface Past {
  /** Answered so far, as `maxRequestsPerSocket` counts; 0: nobody has asked anything on it. */
  readonly requests: number;
  /** So long was its client told that it may be idle (`Keep-Alive: timeout`), in milliseconds; 0: it was told nothing. */
  readonly toldMs: number;
  /** Of a client that is known by its first bytes: it has sent them. */
  readonly key: string | null;
}

/** Connections of a draining worker, each with the number by which it waits for the answer. */
export interface PassedOn {
  readonly tokens: readonly number[];
  readonly pasts: Pasts;
}

/** A descriptor of the supervisor's. */
export interface LentSocket {
  readonly fd: number;
  /** What is to be found under that number. */
  readonly inode: number;
}

export type FromWorker =
  /** The first: the link is open. */
  | { readonly type: "Open" }
  /** Without a page. Totals since the start: connections taken over before a byte of them was read, and those that have
   *  ended. */
  | { readonly type: "Counts"; readonly taken: number; readonly closed: number }
  /** One for each descriptor. */
  | ({ readonly type: "PassOn" } & PassedOn)
  /** The same from a thread, by numbers of descriptors: they are the supervisor's from then on. */
  | ({ readonly type: "PassOnLent"; readonly descriptors: readonly number[] } & PassedOn)
  /** No descriptor was left for what came last: it takes nothing until `Again`. */
  | { readonly type: "Full" }
  | { readonly type: "Released"; readonly slot: SlotIndex };

/** More connections than a process may have. */
const LIST_MAX = 2 ** 20;

const past = record<Past>({ requests: count, toldMs: amount, key: orNull(text) });
const pasts: Decoder<Pasts> = list(orNull(past), LIST_MAX);
const numbers = list(count, LIST_MAX);
const descriptors = list(descriptor, LIST_MAX);
const lent = list(record<LentSocket>({ fd: descriptor, inode: count }), LIST_MAX);
const NOTHING = {} as const;

export const toWorker: Decoder<ToWorker> = oneMessage<ToWorker>(
  {},
  {
    Counters: NOTHING,
    Connections: { pasts: optional(pasts) },
    Lent: { descriptors, pasts: optional(pasts) },
    End: NOTHING,
    Adopt: { slot: count, index: count },
    AdoptLent: { slot: count, sockets: lent },
    Release: { slot: count },
    Moved: { tokens: numbers },
    Returned: { tokens: numbers },
    Again: NOTHING,
  },
);

export const fromWorker: Decoder<FromWorker> = oneMessage<FromWorker>(
  {},
  {
    Open: NOTHING,
    Counts: { taken: count, closed: count },
    PassOn: { tokens: numbers, pasts },
    PassOnLent: { descriptors, tokens: numbers, pasts },
    Full: NOTHING,
    Released: { slot: count },
  },
);

/** What a worker's end of a channel is called among the sockets that come with it. */
export const LINK_ROLE = "link";

/** A listening socket that somebody else has opened: the service's end is not its own. */
export const INHERITED_ROLE = "inherited";

/** Marks our messages among those of the application on the IPC channel. */
export interface Envelope<Message> {
  readonly broodHandoff: Message;
}

export function isEnvelope(payload: unknown): payload is Envelope<unknown> {
  return typeof payload === "object" && payload !== null && "broodHandoff" in payload;
}

/** The message that comes with every new connection has no words: writing and reading them was most of its cost. */
const WORDLESS: ToWorker = { type: "Connections" };
const NO_WORDS: Buffer = Buffer.alloc(0);

export function encode(message: ToWorker | FromWorker): Buffer {
  const isWordless = message.type === "Connections" && message.pasts === undefined;
  return isWordless ? NO_WORDS : Buffer.from(JSON.stringify(message));
}

/** @throws Mismatch */
export function decodeToWorker(payload: Buffer): ToWorker {
  return payload.length === 0 ? WORDLESS : toWorker(parsed(payload));
}

/** @throws Mismatch */
export function decodeFromWorker(payload: Buffer): FromWorker {
  return fromWorker(parsed(payload));
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    throw new Mismatch("it is no JSON");
  }
}
