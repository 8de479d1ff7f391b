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
];
