import express from "express";
import got from "got";

const settings = await got(process.env.UPSTREAM_URL).text();

const app = express();
app.get("/", async (req, res) => {
  res.send(`${settings} ${await got(process.env.UPSTREAM_URL).text()} compat-1`);
});
app.listen(process.env.PORT);
