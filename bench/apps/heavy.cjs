// The heavy app: what a grown service loads before it can answer. An ordinary script that every system runs unchanged.

const express = require("express");
require("fastify");
require("typescript");
require("lodash");
require("zod");
require("@babel/core");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const version = readFileSync(join(__dirname, "VERSION"), "utf8").trim();
const app = express();
app.get("/", (_request, response) => {
  response.type("text").send(version);
});
const server = app.listen(Number(process.env.PORT ?? 0), "127.0.0.1");

// The graceful stop that PM2's manual asks for; the others drain by themselves and never send it.
process.on("SIGINT", () => server.close(() => process.exit(0)));
