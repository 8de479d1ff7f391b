import Fastify from "fastify";

const app = Fastify();

app.get("/", async () => "Hello from Fastify\n");

export default app;
