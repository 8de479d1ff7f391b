const Koa = require("koa");
const knex = require("knex")({ client: "pg", connection: process.env.DATABASE_URL });

async function main() {
  if (!(await knex.schema.hasTable("users"))) {
    await knex.schema
      .createTable("users", (table) => {
        table.increments("id");
        table.string("name");
      })
      .catch(() => {});
  }
  const app = new Koa();
  app.use(async (ctx) => {
    ctx.body = { users: await knex("users").select("*").limit(5), version: "compat-1" };
  });
  app.listen(process.env.PORT);
}

main();
