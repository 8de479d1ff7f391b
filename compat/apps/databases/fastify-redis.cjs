const fastify = require("fastify")();

fastify.register(require("@fastify/redis"), { url: process.env.REDIS_URL });

fastify.get("/", async () => {
  const { redis } = fastify;
  return { hits: await redis.incr("fastify:hits"), version: "compat-1" };
});

fastify.listen({ port: Number(process.env.PORT) }, (err) => {
  if (err) throw err;
});
