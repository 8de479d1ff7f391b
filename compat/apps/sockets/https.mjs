import { createServer } from "node:https";
import selfsigned from "selfsigned";

const pems = await selfsigned.generate([{ name: "commonName", value: "localhost" }], { keySize: 2048 });

createServer({ key: pems.private, cert: pems.cert }, (req, res) => {
  res.writeHead(200);
  res.end("hello world compat-1\n");
}).listen(process.env.PORT);
