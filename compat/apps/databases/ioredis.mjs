import express from "express";
import { Redis } from "ioredis";

const redis = new Redis(process.env.REDIS_URL);
const app = express();

app.get("/", async (req, res) => {
  const hits = await redis.incr("ioredis:hits");
  res.send(`${hits} hits compat-1`);
});

app.listen(process.env.PORT);
