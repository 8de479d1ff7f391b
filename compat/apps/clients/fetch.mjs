import { createServer } from "node:http";

const settings = await (await fetch(process.env.UPSTREAM_URL)).text();

createServer(async (req, res) => {
  const answer = await fetch(process.env.UPSTREAM_URL);
  res.end(`${settings} ${await answer.text()} compat-1`);
}).listen(process.env.PORT);
