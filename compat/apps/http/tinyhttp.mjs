import { App } from "@tinyhttp/app";

const app = new App();

app
  .get("/", (_, res) => void res.send("<h1>Hello World compat-1</h1>"))
  .listen(Number(process.env.PORT), () => console.log("Started"));
