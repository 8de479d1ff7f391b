import os from "node:os";
import express from "express";
import { open } from "lmdb";

const db = open({ path: `${os.tmpdir()}/my-store`, compression: true });
await db.put("greeting", { someText: "Hello, World!" });

const app = express();
app.get("/", (req, res) => res.send(`${db.get("greeting").someText} compat-1`));
app.listen(process.env.PORT);
