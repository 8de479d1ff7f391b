module.exports = async (fastify, opts) => {
  fastify.get("/", async (request, reply) => ({ hello: "compat-1" }));
};
