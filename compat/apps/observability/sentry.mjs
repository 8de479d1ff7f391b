import * as Sentry from "@sentry/node";
import express from "express";

const app = express();
app.get("/", (req, res) => res.end("compat-1"));
Sentry.setupExpressErrorHandler(app);
app.listen(process.env.PORT);
