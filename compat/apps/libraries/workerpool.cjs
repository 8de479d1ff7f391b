const express = require("express");
const workerpool = require("workerpool");

const pool = workerpool.pool({ maxWorkers: 2 });

const app = express();
app.get("/", async (req, res) => res.send(`${await pool.exec((a, b) => a + b, [3, 4])} compat-1`));
app.listen(process.env.PORT);
