const fastify = require("fastify")({ logger: true });

fastify.get("/", {
  schema: { response: { 200: { type: "object", properties: { hello: { type: "string" } } } } },
  handler: async () => ({ hello: "compat-1" }),
});

const start = async () => {
  try {
    await fastify.listen({ port: Number(process.env.PORT) || 3000 });
  } catch (err) {
    fastify.log.error(err);
    process.exit(1);
  }
};
start();
