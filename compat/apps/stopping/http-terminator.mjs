import express from "express";
import { createHttpTerminator } from "http-terminator";

const app = express();
app.get("/", (req, res) => res.send("compat-1"));
const server = app.listen(process.env.PORT);
const httpTerminator = createHttpTerminator({ server });

process.on("SIGTERM", async () => {
  await httpTerminator.terminate();
  process.exit(0);
});
