const express = require("express");
const winston = require("winston");

const logger = winston.createLogger({
  level: "info",
  format: winston.format.json(),
  transports: [new winston.transports.File({ filename: "combined.log" }), new winston.transports.Console()],
});

const app = express();
app.get("/", (req, res) => {
  logger.info("asked for /");
  res.send("compat-1");
});
app.listen(process.env.PORT);
