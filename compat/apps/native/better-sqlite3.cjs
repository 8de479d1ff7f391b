const Database = require("better-sqlite3");
const express = require("express");
const os = require("node:os");

const db = new Database(`${os.tmpdir()}/foobar.db`);
db.pragma("journal_mode = WAL");
db.exec("CREATE TABLE IF NOT EXISTS hits (at INTEGER)");
const insert = db.prepare("INSERT INTO hits VALUES (?)");
const count = db.prepare("SELECT count(*) AS hits FROM hits");

const app = express();
app.get("/", (req, res) => {
  insert.run(Date.now());
  res.send(`${count.get().hits} hits compat-1`);
});
app.listen(process.env.PORT);
