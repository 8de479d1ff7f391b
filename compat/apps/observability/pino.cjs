const express = require("express");
const logger = require("pino")();
const pinoHttp = require("pino-http")({ logger });

const app = express();
app.use(pinoHttp);
app.get("/", (req, res) => {
  req.log.info("something");
  res.send("compat-1");
});
app.listen(process.env.PORT, () => logger.info("listening"));
