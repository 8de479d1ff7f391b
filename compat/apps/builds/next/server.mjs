import { createServer } from "node:http";
import { parse } from "node:url";
import next from "next";

const port = Number.parseInt(process.env.PORT || "3000", 10);
const app = next({ dev: false });
const handle = app.getRequestHandler();

app.prepare().then(() => {
  createServer((req, res) => {
    handle(req, res, parse(req.url, true));
  }).listen(port);
  console.log(`> Server listening at http://localhost:${port}`);
});
