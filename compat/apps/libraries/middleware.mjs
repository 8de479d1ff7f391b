import compression from "compression";
import cookieSession from "cookie-session";
import cors from "cors";
import express from "express";
import { rateLimit } from "express-rate-limit";
import helmet from "helmet";

const app = express();
app.use(helmet());
app.use(cors());
app.use(compression());
app.use(
  rateLimit({ windowMs: 15 * 60 * 1000, limit: 1_000_000, standardHeaders: "draft-8", legacyHeaders: false }),
);
app.use(cookieSession({ name: "session", keys: ["key1", "key2"] }));
app.get("/", (req, res) => {
  req.session.views = (req.session.views || 0) + 1;
  res.send(`${req.session.views} views compat-1`);
});
app.listen(process.env.PORT);
