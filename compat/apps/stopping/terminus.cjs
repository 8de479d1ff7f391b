const http = require("node:http");
const express = require("express");
const { createTerminus } = require("@godaddy/terminus");

const app = express();
app.get("/", (req, res) => res.send("compat-1"));

const onSignal = async () => console.log("server is starting cleanup");
const onShutdown = async () => console.log("cleanup finished, server is shutting down");
const onHealthCheck = async () => {};

const server = http.createServer(app);
createTerminus(server, {
  signal: "SIGTERM",
  healthChecks: { "/healthcheck": onHealthCheck },
  onSignal,
  onShutdown,
});
server.listen(process.env.PORT);
