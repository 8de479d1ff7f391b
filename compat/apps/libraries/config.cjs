require("dotenv").config({ path: `${__dirname}/env/settings.env`, quiet: true });
const config = require("config");
const express = require("express");

const app = express();
app.get("/", (req, res) =>
  res.send(`${config.get("greeting")} ${process.env.PLACE} ${config.get("version")}`),
);
app.listen(process.env.PORT);
