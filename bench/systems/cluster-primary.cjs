// node cluster-primary.cjs <entry> <workers>; NODE_CLUSTER_SCHED_POLICY says how connections are spread.

const cluster = require("node:cluster");

const [entry, workers] = process.argv.slice(2);
cluster.setupPrimary({ exec: entry });
let listening = 0;
const count = () => {
  listening += 1;
  if (listening === Number(workers)) console.log("cluster ready");
};
cluster.on("listening", count);
// A worker with a socket of its own is not known to listen: it says so.
cluster.on("message", (_worker, message) => message === "listening" && count());
for (let index = 0; index < Number(workers); index += 1) cluster.fork();
process.on("SIGTERM", () => {
  for (const worker of Object.values(cluster.workers)) worker.kill("SIGINT");
  cluster.disconnect(() => process.exit(0));
});
