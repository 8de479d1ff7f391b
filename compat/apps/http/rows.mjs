// Frameworks that are a library: no build, one file.

const RUNS = { fresh: "runs", template: "runs", thread: "runs" };

export const rows = [
  {
    name: "express-5",
    packages: { express: "5.3.0" },
    files: ["express.mjs"],
    entry: "express.mjs",
    ...RUNS,
    ci: true,
  },
  {
    name: "express-4",
    packages: { express: "4.22.3" },
    files: ["express-4.cjs"],
    entry: "express-4.cjs",
    ...RUNS,
  },
  {
    name: "fastify-5",
    packages: { fastify: "5.12.8" },
    files: ["fastify.cjs"],
    entry: "fastify.cjs",
    ...RUNS,
    ci: true,
  },
  {
    ...{ name: "koa", packages: { koa: "3.3.0" }, with: { "@koa/router": "15.7.0" } },
    ...{ files: ["koa.cjs"], entry: "koa.cjs", ...RUNS, ci: true },
  },
  {
    ...{ name: "hono", packages: { hono: "4.13.19" }, with: { "@hono/node-server": "2.1.9" } },
    ...{ files: ["hono.mjs"], entry: "hono.mjs", ...RUNS, ci: true },
  },
  { name: "h3", packages: { h3: "2.0.8" }, files: ["h3.mjs"], entry: "h3.mjs", ...RUNS, ci: true },
  { name: "srvx", packages: { srvx: "1.0.8" }, files: ["srvx.mjs"], entry: "srvx.mjs", ...RUNS, ci: true },
  {
    name: "polka",
    packages: { polka: "0.5.2" },
    files: ["polka.cjs"],
    entry: "polka.cjs",
    ...RUNS,
    ci: true,
  },
  {
    name: "hapi",
    packages: { "@hapi/hapi": "21.4.10" },
    files: ["hapi.cjs"],
    entry: "hapi.cjs",
    ...RUNS,
    ci: true,
  },
  { name: "restify", packages: { restify: "11.1.0" }, files: ["restify.cjs"], entry: "restify.cjs", ...RUNS },
  { name: "connect", packages: { connect: "3.7.0" }, files: ["connect.cjs"], entry: "connect.cjs", ...RUNS },
  {
    name: "tinyhttp",
    packages: { "@tinyhttp/app": "3.0.11" },
    files: ["tinyhttp.mjs"],
    entry: "tinyhttp.mjs",
    ...RUNS,
  },
  {
    ...{ name: "elysia", packages: { elysia: "1.4.30" }, with: { "@elysiajs/node": "1.4.5" } },
    ...{ files: ["elysia.mjs"], entry: "elysia.mjs", ...RUNS },
  },
  {
    name: "node-http",
    packages: { "node:http": "20.20.2" },
    files: ["node-http.mjs"],
    entry: "node-http.mjs",
    ...RUNS,
  },
];
