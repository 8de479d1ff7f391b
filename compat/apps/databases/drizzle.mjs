import { serve } from "@hono/node-server";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { Hono } from "hono";

const db = drizzle(process.env.DATABASE_URL);
const app = new Hono();

app.get("/", async (c) => {
  const { rows } = await db.execute(sql`select 42 as number`);
  return c.json({ number: rows[0].number, version: "compat-1" });
});

serve({ fetch: app.fetch, port: Number(process.env.PORT) });
