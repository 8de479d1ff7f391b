import Fastify, { type FastifyInstance } from "fastify";

enum Greeting {
  Hello = "hello",
}
const app: FastifyInstance = Fastify();
app.get(
  "/",
  async (): Promise<{ greeting: Greeting; version: string }> => ({
    greeting: Greeting.Hello,
    version: "compat-1",
  }),
);
await app.listen({ port: Number(process.env["PORT"]) });
