import Fastify from "fastify";
import postgres from "postgres";

const sql = postgres(process.env.DATABASE_URL);
const fastify = Fastify();

fastify.get("/", async () => {
  const [{ x }] = await sql`select ${42}::int as x`;
  return { x, version: "compat-1" };
});

await fastify.listen({ port: Number(process.env.PORT) });
