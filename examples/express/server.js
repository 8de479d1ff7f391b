// An ordinary program: `node server.js` runs it alone, `brood server.js` on many workers. The adapter adds
// /health/live and /health/ready, and a close() that answers everything first.

import { broodExpress } from "@brood/http-adapter/express";
import express from "express";

const app = express();
const program = broodExpress(app);

app.get("/", (_request, response) => {
  response.send("Hello from Express\n");
});

program.listen(process.env.PORT ?? 3000);

process.once("SIGTERM", () => program.close());
