import { CronJob } from "cron";
import express from "express";
import cron from "node-cron";

let ticks = 0;
CronJob.from({ cronTime: "* * * * * *", onTick: () => (ticks += 1), start: true });
cron.schedule("* * * * * *", () => (ticks += 1));

const app = express();
app.get("/", (req, res) => res.send(`${ticks} ticks compat-1`));
app.listen(process.env.PORT);
