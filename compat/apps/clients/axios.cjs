const http = require("node:http");
const axios = require("axios");
const express = require("express");

const instance = axios.create({
  baseURL: process.env.UPSTREAM_URL,
  httpAgent: new http.Agent({ keepAlive: true }),
});

instance.get("/").then(({ data: settings }) => {
  const app = express();
  app.get("/", async (req, res) => {
    const { data } = await instance.get("/");
    res.send(`${settings} ${data} compat-1`);
  });
  app.listen(process.env.PORT);
});
