// An ordinary program: `node server.js` runs it alone, `brood server.js` on many workers. The plugin adds
// /health/live and /health/ready, and close() answers everything before Fastify begins to say 503.

import { broodFastify } from "@brood/http-adapter/fastify";
import Fastify from "fastify";

const app = Fastify();
await app.register(broodFastify);

app.get("/", async () => "Hello from Fastify\n");

await app.listen({ port: Number(process.env.PORT ?? 3000), host: "127.0.0.1" });

process.once("SIGTERM", () => app.close());
