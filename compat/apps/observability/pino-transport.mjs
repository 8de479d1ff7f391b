import Fastify from "fastify";

const fastify = Fastify({
  logger: { level: "info", transport: { target: "pino-pretty", options: { colorize: false } } },
});
fastify.get("/", async () => ({ hello: "compat-1" }));

try {
  await fastify.listen({ port: Number(process.env.PORT) });
} catch (err) {
  fastify.log.error(err);
  process.exit(1);
}
