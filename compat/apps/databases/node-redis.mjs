import express from "express";
import { createClient } from "redis";

const client = await createClient({ url: process.env.REDIS_URL })
  .on("error", (err) => console.log("Redis Client Error", err))
  .connect();

const app = express();
app.get("/", async (req, res) => {
  await client.set("key", "value");
  res.send(`${await client.get("key")} compat-1`);
});
app.listen(process.env.PORT);
