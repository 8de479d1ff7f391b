const express = require("express");
const client = require("prom-client");

const register = new client.Registry();
client.collectDefaultMetrics({ register });
const requests = new client.Counter({ name: "requests_total", help: "requests", registers: [register] });

const app = express();
app.get("/", (req, res) => {
  requests.inc();
  res.send("compat-1");
});
app.listen(process.env.PORT);

const metrics = express();
metrics.get("/metrics", async (req, res) => {
  res.set("Content-Type", register.contentType);
  res.end(await register.metrics());
});
metrics.listen(
  Number(process.env.PORT) + 20_000 > 65_535
    ? Number(process.env.PORT) - 20_000
    : Number(process.env.PORT) + 20_000,
  "127.0.0.1",
);
