// Logs, traces, metrics.

const RUNS = { fresh: "runs", template: "runs", thread: "runs" };
const NOT_RUN = { fresh: "not yet run", template: "not yet run", thread: "not yet run" };
const express = "5.3.0";

/** One folder for the loggers; instrumentations each have their own. */
export const place = "loggers";

export const rows = [
  {
    ...{ name: "pino", packages: { pino: "10.4.0" }, with: { "pino-http": "11.0.0", express } },
    ...{
      note: "a template says at its start that pino keeps the pid of the template",
      files: ["pino.cjs"],
      entry: "pino.cjs",
      ...NOT_RUN,
    },
  },
  {
    ...{
      name: "pino-transport",
      packages: { pino: "10.4.0" },
      with: { fastify: "5.12.8", "pino-pretty": "13.2.0" },
    },
    ...{
      note: "the transport is a thread",
      files: ["pino-transport.mjs"],
      entry: "pino-transport.mjs",
      ...RUNS,
    },
  },
  {
    ...{ name: "winston", packages: { winston: "3.19.0" }, with: { express } },
    ...{ note: "writes to a file and the console", files: ["winston.cjs"], entry: "winston.cjs", ...RUNS },
  },
  {
    ...{ name: "morgan", packages: { morgan: "1.12.1" }, with: { express } },
    ...{ files: ["morgan.cjs"], entry: "morgan.cjs", ...RUNS },
  },
  {
    ...{ name: "sentry", place: "sentry", packages: { "@sentry/node": "11.12.0" }, with: { express } },
    ...{ note: "as documented, loaded with --import", node: ["--import", "./sentry-instrument.mjs"] },
    ...{
      files: ["sentry.mjs", "sentry-instrument.mjs"],
      entry: "sentry.mjs",
      changes: ["sentry.mjs"],
      ...NOT_RUN,
    },
  },
  {
    ...{
      name: "dd-trace",
      place: "dd-trace",
      packages: { "dd-trace": "5.132.0" },
      with: { express },
      node: ["--require", "dd-trace/init"],
    },
    ...{ note: "as documented, loaded with --require", files: ["dd-trace.cjs"], entry: "dd-trace.cjs" },
    ...{
      env: { DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false", DD_REMOTE_CONFIGURATION_ENABLED: "false" },
      ...NOT_RUN,
    },
  },
  {
    ...{
      name: "opentelemetry",
      place: "opentelemetry",
      packages: { "@opentelemetry/sdk-node": "0.223.0" },
      node: ["--import", "./otel-instrument.mjs"],
    },
    ...{
      with: {
        "@opentelemetry/auto-instrumentations-node": "0.81.2",
        "@opentelemetry/sdk-trace-node": "2.12.1",
        express,
      },
    },
    ...{
      note: "as documented, loaded with --import",
      files: ["otel.cjs", "otel-instrument.mjs"],
      entry: "otel.cjs",
      changes: ["otel.cjs"],
      ...NOT_RUN,
    },
  },
];
