import express from "express";
import { Agent, request, setGlobalDispatcher } from "undici";

setGlobalDispatcher(new Agent({ keepAliveTimeout: 10_000, connections: 10 }));
const { statusCode } = await request(process.env.UPSTREAM_URL);

const app = express();
app.get("/", async (req, res) => {
  const { body } = await request(process.env.UPSTREAM_URL);
  res.send(`${statusCode} ${await body.text()} compat-1`);
});
app.listen(process.env.PORT);
