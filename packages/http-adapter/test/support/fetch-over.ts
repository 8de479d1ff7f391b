// One request over one new connection, in any protocol, to a TCP or unix socket.

import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import tls from "node:tls";
import type { TestSocket } from "./bound-sockets.ts";
import { within } from "./within.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export type Protocol = "http" | "https" | "h2c" | "h2";

export function fetchOver(
  protocol: Protocol,
  socket: Pick<TestSocket, "target">,
  path: string,
): Promise<Answer> {
  const asked =
    protocol === "http" || protocol === "https"
      ? http1(protocol, socket, path)
      : viaHttp2(protocol, socket, path);
  return within(`${protocol} ${path}`, asked);
}

function http1(
  protocol: "http" | "https",
  socket: Pick<TestSocket, "target">,
  path: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const target = "path" in socket.target ? { socketPath: socket.target.path } : socket.target;
    const options = { ...target, path, agent: false, rejectUnauthorized: false };
    const request = protocol === "http" ? http.get(options) : https.get(options);
    request.on("error", reject);
    request.on("response", async (response) => {
      const body = await text(response).catch(reject);
      if (body !== undefined) resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
    });
  });
}

export function connectHttp2(protocol: "h2c" | "h2", target: TestSocket["target"]): http2.ClientHttp2Session {
  const createConnection = (): net.Socket =>
    protocol === "h2c"
      ? net.connect(target)
      : tls.connect({ ...target, ALPNProtocols: ["h2"], rejectUnauthorized: false });
  return http2.connect(protocol === "h2c" ? "http://localhost" : "https://localhost", { createConnection });
}

async function viaHttp2(
  protocol: "h2c" | "h2",
  socket: Pick<TestSocket, "target">,
  path: string,
): Promise<Answer> {
  const session = connectHttp2(protocol, socket.target);
  const failed = new Promise<never>((_, reject) => session.once("error", reject));
  try {
    return await Promise.race([failed, streamOver(session, path)]);
  } finally {
    session.destroy();
  }
}

export async function streamOver(session: http2.ClientHttp2Session, path: string): Promise<Answer> {
  const stream = session.request({ ":path": path });
  const headers = new Promise<http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader>((resolve) =>
    stream.once("response", resolve),
  );
  const body = await text(stream);
  const received = await headers;
  return { status: received[":status"] ?? 0, headers: received, body };
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let body = "";
  for await (const chunk of stream.setEncoding("utf8")) body += chunk;
  return body;
}
