// Frameworks with a structure of their own; TypeScript is compiled once.

const RUNS = { fresh: "runs", template: "runs", thread: "runs" };
const NOT_RUN = { fresh: "not yet run", template: "not yet run", thread: "not yet run" };
const express = "5.3.0";
const TSC = { typescript: "5.9.3", "@types/node": "20.19.43" };
/** One folder for all three. */
const nest = {
  place: "nest",
  with: {
    ...{
      "@nestjs/common": "12.5.1",
      "@nestjs/platform-express": "12.5.1",
      "@nestjs/platform-fastify": "12.5.0",
    },
    ...{ "@nestjs/typeorm": "12.0.2", typeorm: "1.1.1", pg: "8.23.1" },
    ...{ "@nestjs/core": "12.5.1", rxjs: "7.8.2", "reflect-metadata": "0.2.2", ...TSC },
  },
};
const flags = ["--experimentalDecorators", "--emitDecoratorMetadata", "--target", "es2022", "--skipLibCheck"];
const compile = (file) => [["npx", "tsc", file, "--outDir", "dist", "--module", "nodenext", ...flags]];

/** One folder for all but Nest. */
export const place = "frameworks";

export const rows = [
  {
    ...{ name: "nest-express", packages: { "@nestjs/core": "12.5.1" }, ...nest, files: ["nest-express.ts"] },
    ...{ build: compile("nest-express.ts"), entry: "dist/nest-express", changes: ["dist/nest-express.js"] },
    ...{ note: "shutdown hooks; the entry without its extension", ...RUNS },
  },
  {
    ...{ name: "nest-fastify", packages: { "@nestjs/core": "12.5.1" }, ...nest, files: ["nest-fastify.ts"] },
    ...{
      build: compile("nest-fastify.ts"),
      entry: "dist/nest-fastify.js",
      changes: ["dist/nest-fastify.js"],
      ...RUNS,
    },
  },
  {
    ...{ name: "nest-typeorm", packages: { "@nestjs/typeorm": "12.0.2" }, ...nest, needs: ["postgres"] },
    ...{ files: ["nest-typeorm.ts"], build: compile("nest-typeorm.ts"), entry: "dist/nest-typeorm.js" },
    ...{ changes: ["dist/nest-typeorm.js"], ...RUNS },
  },
  {
    ...{
      name: "feathers",
      packages: { "@feathersjs/feathers": "5.0.50" },
      with: { "@feathersjs/koa": "5.0.50" },
    },
    ...{ files: ["feathers.mjs"], entry: "feathers.mjs", path: "/messages", ...RUNS },
  },
  {
    ...{
      name: "apollo",
      packages: { "@apollo/server": "5.5.1" },
      with: { graphql: "16.15.0" },
      files: ["apollo.mjs"],
    },
    ...{ entry: "apollo.mjs", request: graphql("/"), ...RUNS },
  },
  {
    ...{
      name: "apollo-express",
      packages: { "@apollo/server": "5.5.1" },
      files: ["apollo-express.mjs"],
      entry: "apollo-express.mjs",
    },
    ...{ with: { graphql: "16.15.0", express, cors: "2.8.6", "@as-integrations/express5": "1.1.2" } },
    ...{ note: "drains its server by itself", request: graphql("/graphql"), ...RUNS },
  },
  {
    ...{
      name: "graphql-yoga",
      packages: { "graphql-yoga": "5.24.1" },
      with: { graphql: "16.15.0" },
      files: ["yoga.mjs"],
    },
    ...{ entry: "yoga.mjs", request: graphql("/graphql"), ...RUNS },
  },
  {
    ...{
      name: "trpc",
      packages: { "@trpc/server": "11.25.2" },
      files: ["trpc.mjs"],
      entry: "trpc.mjs",
      path: "/greeting",
      ...RUNS,
    },
  },
  {
    ...{
      name: "fastify-cli",
      packages: { "fastify-cli": "8.0.2" },
      with: { fastify: "5.12.8" },
      files: ["fastify-plugin.cjs"],
    },
    ...{
      entry: "node_modules/.bin/fastify",
      args: ["start", "-p", "{port}", "fastify-plugin.cjs"],
      ...RUNS,
    },
  },
  {
    ...{
      name: "json-server",
      packages: { "json-server": "0.17.4" },
      files: ["db.json"],
      entry: "node_modules/.bin/json-server",
    },
    ...{ args: ["--port", "{port}", "db.json"], path: "/posts/1", ...RUNS },
  },
  {
    ...{ name: "serve", packages: { serve: "14.2.7" }, files: ["public"], entry: "node_modules/.bin/serve" },
    ...{
      args: ["-l", "{port}", "public"],
      path: "/",
      ...RUNS,
    },
  },
  {
    ...{ name: "loopback", packages: { "@loopback/rest": "15.0.16" }, with: { "@loopback/core": "7.0.15" } },
    ...{ files: ["loopback.cjs"], entry: "loopback.cjs", path: "/hello", ...NOT_RUN },
  },
];

/** A GraphQL request as clients send it. */
function graphql(path) {
  const headers = { "content-type": "application/json" };
  return { method: "POST", path, headers, body: JSON.stringify({ query: "{ hello }" }) };
}
