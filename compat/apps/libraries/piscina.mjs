import express from "express";
import { Piscina } from "piscina";

const piscina = new Piscina({
  filename: new URL("./piscina-worker.mjs", import.meta.url).href,
  maxThreads: 2,
});

const app = express();
app.get("/", async (req, res) => res.send(`${await piscina.run({ a: 4, b: 6 })} compat-1`));
app.listen(process.env.PORT);
