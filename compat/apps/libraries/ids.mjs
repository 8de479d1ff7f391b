import { ObjectId } from "bson";
import Fastify from "fastify";
import { nanoid } from "nanoid";
import { v7 } from "uuid";

console.log(`instance ${nanoid()} ${v7()} ${new ObjectId()}`);
const kinds = [() => nanoid(), () => v7(), () => new ObjectId().toHexString()];
let turn = 0;

const fastify = Fastify();
fastify.get("/", async () => `id=${kinds[turn++ % kinds.length]()} compat-1`);
await fastify.listen({ port: Number(process.env.PORT) });
