const fastify = require("fastify");
const closeWithGrace = require("close-with-grace");

const app = fastify();
app.get("/", async () => ({ hello: "compat-1" }));

closeWithGrace({ delay: 500 }, async ({ signal, err }) => {
  if (err) app.log.error({ err }, "server closing with error");
  else app.log.info(`${signal} received, server closing`);
  await app.close();
});

app.listen({ port: Number(process.env.PORT) });
