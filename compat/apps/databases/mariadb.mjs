import Fastify from "fastify";
import mariadb from "mariadb";

const pool = mariadb.createPool({
  host: "127.0.0.1",
  port: Number(process.env.MYSQL_PORT),
  user: "root",
  connectionLimit: 5,
});
const fastify = Fastify();

fastify.get("/", async () => {
  const conn = await pool.getConnection();
  try {
    const [{ val }] = await conn.query("SELECT 1 as val");
    return { val, version: "compat-1" };
  } finally {
    conn.release();
  }
});

await fastify.listen({ port: Number(process.env.PORT) });
