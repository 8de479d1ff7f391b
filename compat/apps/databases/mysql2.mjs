import express from "express";
import mysql from "mysql2/promise";

const pool = mysql.createPool(process.env.MYSQL_URL);
await pool.query("SELECT 1");

const app = express();
app.get("/", async (req, res) => {
  const [rows] = await pool.execute("SELECT ? AS number", [42]);
  res.send(`${rows[0].number} compat-1`);
});
app.listen(process.env.PORT);
