import { H3, serve } from "h3";

const app = new H3().get("/", () => "⚡️ Tadaa! compat-1");

serve(app, { port: Number(process.env.PORT ?? 3000) });
