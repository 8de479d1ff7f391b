import chokidar from "chokidar";
import express from "express";

let changes = 0;
chokidar.watch("watched", { ignoreInitial: true }).on("all", () => (changes += 1));

const app = express();
app.get("/", (req, res) => res.send(`${changes} changes compat-1`));
app.listen(process.env.PORT);
