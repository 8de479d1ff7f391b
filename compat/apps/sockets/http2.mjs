import { createServer } from "node:http2";

const server = createServer();
server.on("error", (err) => console.error(err));
server.on("stream", (stream) => {
  stream.respond({ "content-type": "text/html; charset=utf-8", ":status": 200 });
  stream.end("<h1>Hello World compat-1</h1>");
});
server.listen(process.env.PORT);
