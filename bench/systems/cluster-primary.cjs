// node cluster-primary.cjs <entry> <workers>; NODE_CLUSTER_SCHED_POLICY says how connections are spread.

const cluster = require("node:cluster");

const [entry, workers] = process.argv.slice(2);
cluster.setupPrimary({ exec: entry });
let listening = 0;
cluster.on("listening", () => {
  listening += 1;
  if (listening === Number(workers)) console.log("cluster ready");
});
for (let index = 0; index < Number(workers); index += 1) cluster.fork();
process.on("SIGTERM", () => {
  for (const worker of Object.values(cluster.workers)) worker.kill("SIGINT");
  cluster.disconnect(() => process.exit(0));
});
