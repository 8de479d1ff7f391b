// The least a server can do, and a file in which each process keeps how many requests it has answered.

const { createServer } = require("node:http");
const { readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const version = readFileSync(join(__dirname, "VERSION"), "utf8").trim();
let requests = 0;
const server = createServer((_request, response) => {
  requests += 1;
  response.setHeader("content-type", "text/plain");
  response.end(version);
});
const keep = () => writeFileSync(join(__dirname, `requests-${process.pid}`), String(requests));
server.on("listening", keep);
// Only when the load has paused: a write costs more than many requests.
let [seen, kept] = [0, 0];
setInterval(() => {
  if (requests === seen && requests !== kept) keep();
  if (requests === seen) kept = requests;
  seen = requests;
}, 50).unref();
const reusePort = process.env.REUSE_PORT === "1";
if (reusePort) server.on("listening", () => process.send?.("listening"));
server.listen({ port: Number(process.env.PORT ?? 0), host: "127.0.0.1", reusePort });
process.on("SIGINT", () => server.close(() => process.exit(0)));
