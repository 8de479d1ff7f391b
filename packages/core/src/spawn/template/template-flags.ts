// The flags of a template process. The first two are those of every worker forked from it as well, for its whole life:
// V8's own threads do not survive a fork, and with the default flags 5-7 % of the forks hang (Node 20, 22) or crash (24, 26).
// Both are needed: without --single-threaded code is queued for compilation by threads that are not there, and hot
// code stays slow for ever. Measured with all four Nodes; docs/forking.md has the table.
// The others are for the time before the forks (template/compilation.ts): what Brood and Node need in every worker is
// compiled there, once. As flags, since a part of Node is loaded before any code of ours runs.

export const TEMPLATE_FLAGS: readonly string[] = [
  "--single-threaded",
  "--v8-pool-size=0",
  "--no-lazy",
  "--no-flush-bytecode",
];
