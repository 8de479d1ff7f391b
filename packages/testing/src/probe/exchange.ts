// One request and what became of it. Exactly one outcome for each, whatever the server does: nothing here throws,
// waits longer than the timeout, or asks twice. node:http never retries, so a connection that the server closes
// under a request stays visible; most load tools hide it.

import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import type { LostKind } from "./connections.ts";
import type { ProbeRequest } from "./request.ts";
import type { Target } from "./target.ts";

/** A whole answer. */
export interface ProbeResponse {
  /** Of a message over a WebSocket: 101. */
  readonly status: number;
  /** Of a message over a WebSocket: those of the answer that opened it. */
  readonly headers: IncomingHttpHeaders;
  /** As UTF-8. */
  readonly body: string;
}

/** Why a request has no answer that counts. */
export interface Failure {
  /** A code of Node (ECONNRESET, ECONNREFUSED, EPIPE, ...), "timeout", "parse", "status-503" and so on, "close-1001" and so on
   *  (a WebSocket's), "not-upgraded-503" and so on, "version", or "request" (the probe's `requests` threw). */
  readonly kind: string;
  readonly message: string;
  /** Set when it got no whole answer. */
  readonly lost?: LostKind;
}

export type Outcome = { readonly response: ProbeResponse } | { readonly failure: Failure };

export interface ExchangeOrder extends ProbeRequest {
  readonly target: Target;
  readonly agent: Agent;
  readonly timeoutMs: number;
  /** Called for each socket, also when it has been used before. */
  readonly onSocket: (socket: Socket) => void;
}

/** Sends one request. Resolves when the whole body has arrived or it has failed; never rejects. */
export function exchange(order: ExchangeOrder): Promise<Outcome> {
  const { target, agent, timeoutMs, onSocket, headers = {}, body } = order;
  const method = order.method ?? (body === undefined ? "GET" : "POST");
  return new Promise((settle) => {
    const sent = request({ ...target, path: order.path ?? target.path, method, agent, headers });
    let lost: LostKind = "unconnected";
    const timer = setTimeout(() => {
      finish({ failure: timeoutFailure(timeoutMs) });
      sent.destroy();
    }, timeoutMs);
    const finish = (outcome: Outcome) => {
      clearTimeout(timer);
      settle(outcome);
    };
    const fail = (error: Error) => finish({ failure: failureOf(error, sent.reusedSocket, lost) });
    sent.on("socket", (socket) => {
      const connected = () => {
        lost = sent.reusedSocket ? "onKeptConnection" : "onNewConnection";
      };
      if (socket.connecting) socket.once("connect", connected);
      else connected();
      onSocket(socket);
    });
    sent.on("error", fail);
    sent.on("response", (response) => {
      lost = "cutOff";
      collect(response, finish, fail);
    });
    sent.end(body);
  });
}

export function timeoutFailure(timeoutMs: number): Failure {
  return { kind: "timeout", message: `no whole answer within ${timeoutMs} ms`, lost: "timedOut" };
}

/** A code of Node, else the name of the error. */
export function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
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

function failureOf(error: Error, reusedSocket: boolean, lost: LostKind): Failure {
  const code = codeOf(error);
  const message = reusedSocket ? `${error.message} (on a reused connection)` : error.message;
  return code.startsWith("HPE_") ? { kind: "parse", message } : { kind: code, message, lost };
}
