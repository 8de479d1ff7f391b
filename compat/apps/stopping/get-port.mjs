import fastify from "fastify";
import getPort from "get-port";

const app = fastify();
app.get("/", async () => ({ hello: "compat-1" }));

await app.listen({ port: await getPort({ port: Number(process.env.PORT) }) });
