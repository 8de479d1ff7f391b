import express from "express";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const { rows } = await pool.query("SELECT version() AS version");
console.log(rows[0].version);

const app = express();
app.get("/", async (req, res) => {
  const result = await pool.query("SELECT $1::int AS number", [42]);
  res.send(`${result.rows[0].number} compat-1`);
});
app.listen(process.env.PORT);
