import { serve } from "srvx";

const server = serve({
  port: Number(process.env.PORT ?? 3000),
  fetch(_request) {
    return Response.json({ hello: "world!", version: "compat-1" });
  },
});

await server.ready();
