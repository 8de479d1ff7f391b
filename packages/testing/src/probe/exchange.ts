// One request and what became of it. Exactly one outcome for each, whatever the server does: nothing here throws,
// waits longer than the timeout, or asks twice. node:http never retries, so a connection that the server closes
// under a request stays visible; most load tools hide it.

import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import type { Target } from "./target.ts";

/** A whole answer. */
export interface ProbeResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As UTF-8. */
  readonly body: string;
}

/** Why a request has no answer that counts. */
export interface Failure {
  /** A code of Node (ECONNRESET, ECONNREFUSED, EPIPE, ...), "timeout", "parse", "status-503" and so on, or "version". */
  readonly kind: string;
  readonly message: string;
}

export type Outcome = { readonly response: ProbeResponse } | { readonly failure: Failure };

export interface ExchangeOrder {
  readonly target: Target;
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Called for each socket, also when it has been used before. */
  readonly onSocket: (socket: Socket) => void;
}

/** Sends one GET. Resolves when the whole body has arrived or it has failed; never rejects. */
export function exchange(order: ExchangeOrder): Promise<Outcome> {
  return new Promise((settle) => {
    const sent = request({ ...order.target, agent: order.agent, headers: order.headers });
    const timer = setTimeout(() => {
      finish({ failure: { kind: "timeout", message: `no whole answer within ${order.timeoutMs} ms` } });
      sent.destroy();
    }, order.timeoutMs);
    const finish = (outcome: Outcome) => {
      clearTimeout(timer);
      settle(outcome);
    };
    const fail = (error: Error) => finish({ failure: failureOf(error, sent.reusedSocket) });
    sent.on("socket", order.onSocket);
    sent.on("error", fail);
    sent.on("response", (response) => collect(response, finish, fail));
    sent.end();
  });
}

function collect(
  response: IncomingMessage,
  finish: (outcome: Outcome) => void,
  fail: (error: Error) => void,
) {
  let body = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    body += chunk;
  });
  response.on("error", fail);
  response.on("end", () => {
    const status = response.statusCode ?? 0;
    finish({ response: { status, headers: response.headers, body } });
  });
}

function failureOf(error: Error, reusedSocket: boolean): Failure {
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  const message = reusedSocket ? `${error.message} (on a reused connection)` : error.message;
  return { kind: code.startsWith("HPE_") ? "parse" : code, message };
}
