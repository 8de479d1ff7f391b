import { createRequire } from "node:module";
import { isMainThread } from "node:worker_threads";
import noop, { size, spin } from "./task-file.mjs";

const { ClusterWorker, ThreadWorker } = createRequire(`${process.env.BENCH_PEERS}/`)("poolifier");
const functions = { noop, spin, size };
export default isMainThread ? new ClusterWorker(functions) : new ThreadWorker(functions);
