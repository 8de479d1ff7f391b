import { createSession } from "better-sse";
import express from "express";

const app = express();
app.get("/", async (req, res) => {
  const session = await createSession(req, res);
  session.push("Hello world! compat-1");
  setTimeout(() => res.end(), 20);
});
app.listen(process.env.PORT);
