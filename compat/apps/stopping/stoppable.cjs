const http = require("node:http");
const stoppable = require("stoppable");

const server = stoppable(
  http.createServer((req, res) => res.end("compat-1")),
  1000,
);
server.listen(process.env.PORT);

process.on("SIGTERM", () => server.stop(() => process.exit(0)));
