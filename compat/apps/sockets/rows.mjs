// WebSockets, HTTPS, HTTP/2, gRPC: clients of another kind.

const RUNS = { fresh: "runs", template: "runs", thread: "runs" };

export const rows = [
  {
    name: "ws",
    packages: { ws: "8.23.0" },
    files: ["ws.mjs"],
    entry: "ws.mjs",
    client: "ws",
    ...RUNS,
    ci: true,
  },
  {
    ...{ name: "socket.io", packages: { "socket.io": "4.8.4" }, with: { "socket.io-client": "4.8.4" } },
    ...{ files: ["socket-io.mjs", "socket-io.client.mjs"], entry: "socket-io.mjs" },
    ...{ changes: ["socket-io.mjs"], client: "socket-io.client.mjs", ...RUNS, ci: true },
  },
  {
    ...{ name: "https", packages: { "node:https": "20.20.2" }, with: { selfsigned: "5.5.0" } },
    ...{ files: ["https.mjs", "https.client.mjs"], entry: "https.mjs", changes: ["https.mjs"] },
    ...{ client: "https.client.mjs", ...RUNS },
  },
  {
    ...{ name: "http2", packages: { "node:http2": "20.20.2" } },
    ...{ files: ["http2.mjs", "http2.client.mjs"], entry: "http2.mjs", changes: ["http2.mjs"] },
    ...{ client: "http2.client.mjs", ...RUNS },
  },
  {
    ...{ name: "http-proxy", packages: { "http-proxy": "1.18.1" } },
    ...{
      note: "the application and its target in one program",
      files: ["http-proxy.cjs"],
      entry: "http-proxy.cjs",
      ...RUNS,
    },
  },
  {
    ...{
      name: "http-proxy-middleware",
      packages: { "http-proxy-middleware": "3.0.11" },
      with: { express: "5.3.0" },
    },
    ...{
      files: ["http-proxy-middleware.cjs"],
      entry: "http-proxy-middleware.cjs",
      needs: ["upstream"],
      ...RUNS,
    },
  },
  {
    ...{ name: "sse", packages: { "better-sse": "0.16.1" }, with: { express: "5.3.0" } },
    ...{ files: ["better-sse.mjs"], entry: "better-sse.mjs", ...RUNS },
  },
];
