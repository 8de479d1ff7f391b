// The least a server can do: what is measured with it is the system around it.

const { createServer } = require("node:http");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const version = readFileSync(join(__dirname, "VERSION"), "utf8").trim();
const server = createServer((_request, response) => {
  response.setHeader("content-type", "text/plain");
  response.end(version);
});
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1");
process.on("SIGINT", () => server.close(() => process.exit(0)));
