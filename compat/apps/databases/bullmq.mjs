import { Queue, QueueEvents, Worker } from "bullmq";
import express from "express";
import { Redis } from "ioredis";

const connection = new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
const queue = new Queue("paint", { connection });
const events = new QueueEvents("paint", { connection: connection.duplicate() });
const worker = new Worker("paint", async (job) => `painted ${job.data.color}`, { connection });
worker.on("failed", (job, err) => console.log(`${job.id} has failed with ${err.message}`));

const app = express();
app.get("/", async (req, res) => {
  const job = await queue.add("cars", { color: "blue" }, { removeOnComplete: 1000 });
  res.send(`${job.id} ${await job.getState()} compat-1`);
});
app.listen(process.env.PORT);
