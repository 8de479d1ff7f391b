const os = require("node:os");
const express = require("express");
const { Level } = require("level");

const db = new Level(`${os.tmpdir()}/example`, { valueEncoding: "json" });

const app = express();
app.get("/", async (req, res) => {
  await db.put("a", 1);
  res.send(`${await db.get("a")} compat-1`);
});
db.open().then(() => app.listen(process.env.PORT));
