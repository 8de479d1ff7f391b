// A script as it ran under PM2 (wait_ready, shutdown_with_message), unchanged: it says when it is ready, and ends itself
// when it is told to. `brood server.js --wait-ready` runs it.

const { createServer } = require("node:http");

const server = createServer((_request, response) => {
  response.end(`Hello from instance ${process.env.NODE_APP_INSTANCE}\n`);
});

server.listen(process.env.PORT || 3000, () => {
  // Here it would connect to its database.
  setTimeout(() => process.send?.("ready"), 50);
});

process.on("message", (message) => {
  if (message !== "shutdown") return;
  server.close((error) => process.exit(error ? 1 : 0));
});
