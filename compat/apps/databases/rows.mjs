// Clients of databases and queues that connect while the application loads.

const RUNS = { fresh: "runs", template: "runs", thread: "runs" };
const NOT_RUN = { fresh: "not yet run", template: "not yet run", thread: "not yet run" };
const express = "5.3.0";
const fastify = "5.12.8";

/** One folder for all of them. */
export const place = "databases";

export const rows = [
  {
    ...{ name: "ioredis", packages: { ioredis: "6.0.0" }, with: { express }, needs: ["redis"] },
    ...{ files: ["ioredis.mjs"], entry: "ioredis.mjs", ...RUNS },
  },
  {
    ...{ name: "node-redis", packages: { redis: "6.3.1" }, with: { express }, needs: ["redis"] },
    ...{ files: ["node-redis.mjs"], entry: "node-redis.mjs", ...RUNS },
  },
  {
    ...{
      name: "fastify-redis",
      packages: { "@fastify/redis": "9.0.0" },
      with: { fastify },
      needs: ["redis"],
    },
    ...{ files: ["fastify-redis.cjs"], entry: "fastify-redis.cjs", ...RUNS },
  },
  {
    ...{
      name: "bullmq",
      packages: { bullmq: "6.7.0" },
      with: { express, ioredis: "6.0.0" },
      needs: ["redis"],
    },
    ...{ files: ["bullmq.mjs"], entry: "bullmq.mjs", ...RUNS },
  },
  {
    ...{ name: "pg", packages: { pg: "8.23.1" }, with: { express }, needs: ["postgres"] },
    ...{ files: ["pg.mjs"], entry: "pg.mjs", ...RUNS },
  },
  {
    ...{ name: "postgres-js", packages: { postgres: "3.4.9" }, with: { fastify }, needs: ["postgres"] },
    ...{ files: ["postgres-js.mjs"], entry: "postgres-js.mjs", ...RUNS },
  },
  {
    ...{
      name: "knex",
      packages: { knex: "3.3.0" },
      with: { pg: "8.23.1", koa: "3.3.0" },
      needs: ["postgres"],
    },
    ...{ files: ["knex.cjs"], entry: "knex.cjs", ...RUNS },
  },
  {
    ...{
      name: "drizzle",
      packages: { "drizzle-orm": "0.45.4" },
      with: { pg: "8.23.1", hono: "4.13.19", "@hono/node-server": "2.1.9" },
    },
    ...{ needs: ["postgres"], files: ["drizzle.mjs"], entry: "drizzle.mjs", ...NOT_RUN },
  },
  {
    ...{
      name: "sequelize",
      packages: { sequelize: "6.37.8" },
      with: { pg: "8.23.1", express },
      needs: ["postgres"],
    },
    ...{ files: ["sequelize.cjs"], entry: "sequelize.cjs", ...RUNS },
  },
  {
    ...{ name: "mysql2", packages: { mysql2: "3.24.6" }, with: { express }, needs: ["mariadb"] },
    ...{ files: ["mysql2.mjs"], entry: "mysql2.mjs", ...RUNS },
  },
  {
    ...{ name: "mariadb", packages: { mariadb: "3.5.4" }, with: { fastify }, needs: ["mariadb"] },
    ...{ files: ["mariadb.mjs"], entry: "mariadb.mjs", ...RUNS },
  },
  {
    ...{
      name: "mongoose",
      packages: { mongoose: "9.12.1" },
      with: { express },
      unique: true,
      note: "no server: it tries to connect all the time",
    },
    ...{ files: ["mongoose.mjs"], entry: "mongoose.mjs", ...RUNS },
  },
  {
    ...{
      name: "kafkajs",
      packages: { kafkajs: "2.2.4" },
      with: { express },
      note: "no broker: it tries to connect all the time",
    },
    ...{ files: ["kafkajs.cjs"], entry: "kafkajs.cjs", ...RUNS },
  },
  {
    ...{
      name: "typeorm",
      place: "typeorm",
      packages: { typeorm: "1.1.1" },
      with: { pg: "8.23.1", "reflect-metadata": "0.2.2", express },
    },
    ...{ needs: ["postgres"], files: ["typeorm.mjs"], entry: "typeorm.mjs", ...NOT_RUN },
  },
];
