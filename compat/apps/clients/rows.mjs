// Clients of other services that are used while the application loads.

const RUNS = { fresh: "runs", template: "runs", thread: "runs" };
const NOT_RUN = { fresh: "not yet run", template: "not yet run", thread: "not yet run" };
const express = "5.3.0";
const upstream = { needs: ["upstream"] };

/** One folder for all of them. */
export const place = "clients";

export const rows = [
  {
    name: "fetch",
    packages: { "node:http": "20.20.2" },
    files: ["fetch.mjs"],
    entry: "fetch.mjs",
    ...upstream,
    ...RUNS,
  },
  {
    ...{ name: "undici", packages: { undici: "7.30.2" }, with: { express } },
    ...{ files: ["undici.mjs"], entry: "undici.mjs", ...upstream, ...RUNS },
  },
  {
    ...{ name: "axios", packages: { axios: "1.21.1" }, with: { express } },
    ...{ files: ["axios.cjs"], entry: "axios.cjs", ...upstream, ...RUNS },
  },
  {
    ...{ name: "got", packages: { got: "14.6.6" }, with: { express } },
    ...{ files: ["got.mjs"], entry: "got.mjs", ...upstream, ...NOT_RUN },
  },
  {
    ...{
      name: "grpc",
      packages: { "@grpc/grpc-js": "1.14.7" },
      with: { "@grpc/proto-loader": "0.8.1", express },
    },
    ...{
      note: "a gRPC client of a server that is not there",
      files: ["grpc.cjs", "helloworld.proto"],
      entry: "grpc.cjs",
    },
    ...{ changes: ["grpc.cjs"], ...NOT_RUN },
  },
  {
    ...{ name: "nodemailer", packages: { nodemailer: "10.6.1" }, with: { express } },
    ...{ files: ["nodemailer.mjs"], entry: "nodemailer.mjs", ...NOT_RUN },
  },
  {
    ...{
      name: "mqtt",
      packages: { mqtt: "5.16.0" },
      with: { express },
      note: "no broker: it tries to connect all the time",
    },
    ...{ files: ["mqtt.mjs"], entry: "mqtt.mjs", ...NOT_RUN },
  },
];
