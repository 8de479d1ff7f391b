// A task file with what a grown service loads (the heavy module set of the other benches).

import { createRequire } from "node:module";

const require = createRequire(`${process.env.BENCH_HEAVY}/`);
for (const name of ["express", "fastify", "typescript", "lodash", "zod", "@babel/core"]) require(name);

export default function noop(value) {
  return value;
}
