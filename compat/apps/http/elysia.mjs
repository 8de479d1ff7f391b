import { node } from "@elysiajs/node";
import { Elysia } from "elysia";

new Elysia({ adapter: node() })
  .get("/", () => "Hello Elysia compat-1")
  .listen(Number(process.env.PORT), ({ hostname, port }) => console.log(`running at ${hostname}:${port}`));
