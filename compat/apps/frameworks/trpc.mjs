import { initTRPC } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";

const t = initTRPC.create();
const router = t.router({ greeting: t.procedure.query(() => "hello tRPC compat-1") });

createHTTPServer({ router, createContext: () => ({}) }).listen(Number(process.env.PORT));
