// Packages that take part in the start and the end of a server: signals, ports, health.

const RUNS = { fresh: "runs", template: "runs", thread: "runs" };

/** One folder for all of them. */
export const place = "stopping";

export const rows = [
  {
    ...{ name: "close-with-grace", packages: { "close-with-grace": "2.5.0" }, with: { fastify: "5.12.8" } },
    ...{ files: ["close-with-grace.cjs"], entry: "close-with-grace.cjs", ...RUNS, ci: true },
  },
  {
    ...{ name: "http-terminator", packages: { "http-terminator": "3.2.0" }, with: { express: "5.3.0" } },
    ...{ files: ["http-terminator.mjs"], entry: "http-terminator.mjs", ...RUNS },
  },
  {
    ...{ name: "terminus", packages: { "@godaddy/terminus": "4.12.1" }, with: { express: "5.3.0" } },
    ...{ files: ["terminus.cjs"], entry: "terminus.cjs", ...RUNS },
  },
  {
    ...{ name: "stoppable", packages: { stoppable: "1.1.0" } },
    ...{ files: ["stoppable.cjs"], entry: "stoppable.cjs", ...RUNS, ci: true },
  },
  {
    ...{ name: "get-port", packages: { "get-port": "7.2.0" }, with: { fastify: "5.12.8" } },
    ...{
      files: ["get-port.mjs"],
      entry: "get-port.mjs",
      ...RUNS,
    },
  },
  {
    ...{ name: "prom-client", packages: { "prom-client": "15.1.3" }, with: { express: "5.3.0" } },
    ...{
      note: "metrics on a port of their own",
      files: ["prom-client.cjs"],
      entry: "prom-client.cjs",
      ...RUNS,
    },
  },
];
