// The same functions as task-file.mjs: poolifier's cluster workers load CommonJS only.
const { createRequire } = require("node:module");
const { isMainThread } = require("node:worker_threads");
const { ClusterWorker, ThreadWorker } = createRequire(`${process.env.BENCH_PEERS}/`)("poolifier");
const { noop, size, spin } = require("./jest-file.cjs");

const functions = { noop, spin, size };
module.exports = isMainThread ? new ClusterWorker(functions) : new ThreadWorker(functions);
