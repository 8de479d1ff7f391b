// The flags of a template process, and so of every worker forked from it.
// V8's own threads do not survive a fork: with the default flags 5-7 % of the forks hang (Node 20, 22) or crash (24, 26).
// Both flags are needed: without --single-threaded code is queued for compilation by threads that are not there, and hot
// code stays slow for ever. Measured with all four Nodes; docs/forking.md has the table.

export const TEMPLATE_FLAGS: readonly string[] = ["--single-threaded", "--v8-pool-size=0"];
