// The heavy app with something to measure it by: a route that allocates, and each worker's longest garbage collection,
// written when it ends. An ordinary script; the observer begins with the worker, not with what is loaded before.

const { appendFileSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { PerformanceObserver } = require("node:perf_hooks");
const express = require("express");
require("fastify");
require("typescript");
require("lodash");
require("zod");
require("@babel/core");
require("rxjs");

const version = readFileSync(join(__dirname, "VERSION"), "utf8").trim();

/** What an application keeps: caches, models, configuration. */
const kept = Array.from({ length: 300_000 }, (_, index) => ({ index, name: `object ${index}` }));

const app = express();
app.get("/", (_request, response) => {
  response.type("text").send(version);
});
app.get("/work", (_request, response) => {
  const made = Array.from({ length: 2_000 }, (_, index) => ({
    ...kept[(index * 37) % kept.length],
    at: index,
  }));
  response.json(made.slice(0, 5));
});
const server = app.listen(Number(process.env.PORT ?? 0), "127.0.0.1");

let longestMs = 0;
server.once("listening", () => {
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestMs = Math.max(longestMs, duration);
  });
  observer.observe({ entryTypes: ["gc"] });
});
process.on("exit", () => {
  const file = process.env.BENCH_PAUSES;
  if (file !== undefined) appendFileSync(file, `${longestMs}\n`);
});
