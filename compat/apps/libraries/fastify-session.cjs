const fastify = require("fastify")();

fastify.register(require("@fastify/cookie"));
fastify.register(require("@fastify/session"), {
  secret: "a secret with minimum length of 32 characters",
  cookie: { secure: false },
});
fastify.get("/", (request, reply) => {
  request.session.user = { name: "max" };
  reply.send(`id=${request.session.sessionId} compat-1`);
});
fastify.listen({ port: Number(process.env.PORT) });
