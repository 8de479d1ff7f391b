// What applications are made of: ids, sessions, schedules, settings, middleware, threads.

const RUNS = { fresh: "runs", template: "runs", thread: "runs" };
const express = "5.3.0";
const fastify = "5.12.8";

const HELD_BY_TSX = { refused: "survive a fork", because: "tsx starts a process of esbuild's" };
const NO_HOOKS = {
  refused: "ERR_UNKNOWN_FILE_EXTENSION",
  because: "hooks of --import do not reach the thread",
};

/** One folder for all of them. */
export const place = "libraries";

export const rows = [
  {
    ...{ name: "ids", packages: { nanoid: "5.1.16" }, with: { uuid: "14.0.3", bson: "7.3.4", fastify } },
    ...{
      note: "and uuid 7, ObjectId; no two answers alike",
      unique: true,
      files: ["ids.mjs"],
      entry: "ids.mjs",
      ...RUNS,
    },
  },
  {
    ...{
      name: "fastify-session",
      packages: { "@fastify/session": "11.1.3" },
      with: { "@fastify/cookie": "11.1.5", fastify },
    },
    ...{
      note: "no session id twice",
      unique: true,
      files: ["fastify-session.cjs"],
      entry: "fastify-session.cjs",
      ...RUNS,
    },
  },
  {
    ...{ name: "express-session", packages: { "express-session": "1.19.0" }, with: { express } },
    ...{ unique: true, files: ["express-session.cjs"], entry: "express-session.cjs", ...RUNS },
  },
  {
    ...{
      name: "passport",
      packages: { passport: "0.7.0" },
      with: { "passport-local": "1.0.0", "express-session": "1.19.0", express },
    },
    ...{
      files: ["passport.cjs"],
      entry: "passport.cjs",
      request: form("username=ada&password=secret"),
      ...RUNS,
    },
  },
  {
    ...{
      name: "multer",
      packages: { multer: "2.5.0" },
      with: { express },
      files: ["multer.cjs"],
      entry: "multer.cjs",
    },
    ...{ request: upload(), ...RUNS },
  },
  {
    ...{
      name: "middleware",
      packages: { helmet: "8.3.0" },
      files: ["middleware.mjs"],
      entry: "middleware.mjs",
      ...RUNS,
    },
    ...{
      with: {
        cors: "2.8.6",
        compression: "1.8.2",
        "express-rate-limit": "8.7.5",
        "cookie-session": "2.1.1",
        express,
      },
    },
    ...{ note: "cors, compression, express-rate-limit, cookie-session" },
  },
  {
    ...{
      name: "config",
      packages: { config: "5.0.1" },
      with: { dotenv: "18.0.10", express },
      files: ["config.cjs", "config", "env"],
    },
    ...{ note: "and dotenv; NODE_CONFIG_STRICT_MODE", env: { NODE_CONFIG_STRICT_MODE: "true" } },
    ...{ entry: "config.cjs", changes: ["config"], ...RUNS },
  },
  {
    ...{
      name: "cron",
      packages: { cron: "4.4.0" },
      with: { "node-cron": "4.6.0", express },
      note: "and node-cron",
    },
    ...{ files: ["cron.mjs"], entry: "cron.mjs", ...RUNS },
  },
  {
    ...{
      name: "piscina",
      packages: { piscina: "5.3.2" },
      with: { express },
      note: "a pool of threads inside the application",
    },
    ...{
      files: ["piscina.mjs", "piscina-worker.mjs"],
      entry: "piscina.mjs",
      ...RUNS,
    },
  },
  {
    ...{ name: "workerpool", packages: { workerpool: "10.0.3" }, with: { express } },
    ...{ files: ["workerpool.cjs"], entry: "workerpool.cjs", ...RUNS },
  },
  {
    ...{ name: "chokidar", packages: { chokidar: "5.0.0" }, with: { express }, note: "watches a folder" },
    ...{ files: ["chokidar.mjs"], entry: "chokidar.mjs", ...RUNS },
  },
  {
    ...{ name: "tsx", packages: { tsx: "4.23.15" }, with: { fastify }, node: ["--import", "tsx"] },
    ...{
      note: "TypeScript, loaded with --import",
      files: ["tsx.mts"],
      entry: "tsx.mts",
      ...RUNS,
      template: HELD_BY_TSX,
      thread: NO_HOOKS,
    },
  },
];

function form(body) {
  return {
    method: "POST",
    path: "/",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body,
  };
}

function upload() {
  const part =
    '--x\r\ncontent-disposition: form-data; name="avatar"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n';
  return {
    method: "POST",
    path: "/",
    headers: { "content-type": "multipart/form-data; boundary=x" },
    body: part,
  };
}
