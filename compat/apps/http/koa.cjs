const Koa = require("koa");
const { Router } = require("@koa/router");

const app = new Koa();
const router = new Router();

app.use(async (ctx, next) => {
  const start = Date.now();
  await next();
  ctx.set("X-Response-Time", `${Date.now() - start}ms`);
});
router.get("/", (ctx) => {
  ctx.body = "Hello Koa compat-1";
});
app.use(router.routes()).use(router.allowedMethods());
app.listen(process.env.PORT || 3000);
