import Koa from "koa";

const app = new Koa();

app.use((context) => {
  context.body = "Hello from Koa\n";
});

export default app.callback();
