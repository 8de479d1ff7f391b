// What a client asks over: HTTP or a WebSocket. It owns its connections, and says what became of each.

import type { ConnectionCounts } from "./connections.ts";
import type { Outcome } from "./exchange.ts";
import type { ProbeRequest } from "./request.ts";
import type { SlowLink } from "./slow-link.ts";
import type { Target } from "./target.ts";

export interface Asker {
  /** One at a time. Never rejects. */
  ask(request: ProbeRequest): Promise<Outcome>;
  /** Resolves when no socket is left, and each is counted. */
  close(): Promise<void>;
}

export interface AskerOrder {
  /** With a link, the link's. */
  readonly target: Target;
  readonly link: SlowLink | null;
  readonly newConnections: boolean;
  readonly keepAliveHints: "obey" | "ignore";
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly counts: ConnectionCounts;
}
