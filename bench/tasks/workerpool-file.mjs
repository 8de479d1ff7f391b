import { createRequire } from "node:module";
import noop, { size, spin } from "./task-file.mjs";

createRequire(`${process.env.BENCH_PEERS}/`)("workerpool").worker({ noop, spin, size });
