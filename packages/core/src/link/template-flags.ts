// The flags of a template process; its supervisor gives them, and it takes them off `process.execArgv`. The first two are
// those of every worker forked from it as well, for its whole life: V8's own threads do not survive a fork, and with the
// default flags 5-7 % of the forks hang (Node 20, 22) or crash (24, 26). Both are needed: without --single-threaded code is
// queued for compilation by threads that are not there, and hot code stays slow for ever. Measured with all four Nodes;
// docs/forking.md has the table.
// The next two are for the time before the forks (template/compilation.ts): what Brood and Node need in every worker is
// compiled there, once. As flags, since a part of Node is loaded before any code of ours runs.
// The last is the size of a half of the young generation, all of which becomes pages of each worker's own. V8 takes 16 to 32 MiB;
// less costs no throughput where one thread does everything, and pauses less; template/heap-growth.ts has the rest.

const ALWAYS: readonly string[] = [
  "--single-threaded",
  "--v8-pool-size=0",
  "--no-lazy",
  "--no-flush-bytecode",
];

/** MiB. */
const SEMI_SPACE = "--max-semi-space-size";
const SEMI_SPACE_MIB = 8;

/** What comes before the service's own `execArgv`, which has the last word. @param nodeOptions  NODE_OPTIONS of the template's
 *  environment: they come before, and would not */
export function templateFlags(nodeOptions: string | undefined): readonly string[] {
  const isChosen = nodeOptions?.replaceAll("_", "-").includes(SEMI_SPACE) === true;
  return isChosen ? ALWAYS : [...ALWAYS, `${SEMI_SPACE}=${SEMI_SPACE_MIB}`];
}
